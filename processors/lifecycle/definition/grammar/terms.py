"""The smallest parts of a lifecycle file: names, durations, points, shares, times of day, dates.

Each is read once into what the plan needs: milliseconds, thousandths, minutes, ordinals.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    WithJsonSchema,
)

from processors.strict_yaml.problem import refuse

UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
MAX_COUNT = 1_000  # timestamps of one behaviour a condition may ask for: bounds a contact's state

_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_PERCENT = re.compile(r"(100|[1-9]?[0-9])%")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")


class Part(BaseModel):
    """A mapping of the lifecycle file: no unknown keys, no conversions, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def by_shape(mapping: str, other: str) -> Discriminator:
    """Tell the two members of a union apart by their tags: a mapping, and what is none."""
    return Discriminator(lambda value: mapping if isinstance(value, (dict, Part)) else other)


def by_key(key: str, other: str) -> Discriminator:
    """Tell the two members of a union apart by their tags: a mapping that has the key is tagged by it."""
    return Discriminator(lambda value: f"<{key}>" if isinstance(value, dict) and key in value else other)


def _duration(value: object) -> int:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refuse(
            f"{show(value)} is not a duration", "write a whole number and s, m, h, d or w, as in 14d"
        )
    return int(match[1]) * UNITS_MS[match[2]]


def thousandths(value: object) -> int:
    """Read points as thousandths of a point; three decimals at most."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise refuse(f"{show(value)} is not a number", "write a number without quotes, as in 10 or 2.5")
    scaled = Decimal(value) * 1000
    if scaled != scaled.to_integral_value():
        raise refuse(f"{show(value)} has more than three decimals", "points are counted in thousandths")
    return int(scaled)


def _percent(value: object) -> int:
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refuse(f"{show(value)} is not a share", "write a whole number from 0% to 100%, as in 50%")
    return int(match[1])


def _time(value: object) -> int:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refuse(f"{show(value)} is not a time of day", 'write hours and minutes, as in "09:00"')
    return int(match[1]) * 60 + int(match[2])


def _date(value: object) -> int:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "").toordinal()
    except ValueError:
        raise refuse(f"{show(value)} is not a date", "write year-month-day, as in 2026-12-25") from None


def _version(value: object) -> str:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise refuse(f"{show(value)} is not a version", "write three whole numbers, as in 1.0.0")
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        remedy = "use lower-case letters, digits, '_' and '-', starting with a letter, at most 64"
        raise refuse(f"{show(value)} is not a name", remedy)
    return value


def _field(value: str) -> str:
    if not _FIELD.fullmatch(value):
        remedy = "use letters, digits and '_', starting with a letter, at most 64"
        raise refuse(f"{show(value)} is not a field's name", remedy)
    return value


def _wording(value: str) -> str:
    if not value.strip():
        raise refuse("this text is empty", "write something, or remove it")
    return value


def _scalar(value: object) -> object:
    if isinstance(value, (str, int, Decimal)):
        return value
    raise refuse(f"{show(value)} is not a single value", "write text, a number, true or false")


def show(value: object) -> str:
    """Show a value as the file has it: quoted when it is text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "an empty value"
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"'{value}'"


def show_duration(ms: int) -> str:
    """Show milliseconds as the file may have them: in the largest unit that divides them, weeks as days."""
    unit = next(unit for unit in "dhms" if ms % UNITS_MS[unit] == 0)
    return f"{ms // UNITS_MS[unit]}{unit}"


Duration = Annotated[
    int, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$"})
]
"""Milliseconds; written `90d`."""
Points = Annotated[int, BeforeValidator(thousandths), WithJsonSchema({"type": "number"})]
"""Thousandths of a point; written `2.5`."""
Percent = Annotated[
    int, BeforeValidator(_percent), WithJsonSchema({"type": "string", "pattern": f"^{_PERCENT.pattern}$"})
]
Minutes = Annotated[
    int, BeforeValidator(_time), WithJsonSchema({"type": "string", "pattern": f"^{_TIME.pattern}$"})
]
"""Since midnight; written `"09:00"`."""
Day = Annotated[int, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
"""Proleptic ordinal; written `2026-12-25`."""
Version = Annotated[
    str, BeforeValidator(_version), WithJsonSchema({"type": "string", "pattern": f"^{_VERSION.pattern}$"})
]
Name = Annotated[
    str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})
]
FieldName = Annotated[
    str, AfterValidator(_field), WithJsonSchema({"type": "string", "pattern": f"^{_FIELD.pattern}$"})
]
Scalar = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""str, int, bool or Decimal."""
Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Wording = Annotated[Text, AfterValidator(_wording)]
"""Text for people: more than blanks."""
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
CountFromZero = Annotated[int, Field(ge=0, le=MAX_COUNT)]
