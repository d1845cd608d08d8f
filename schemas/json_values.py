"""One value in JSON, by the kind of its field: read strictly, written exactly.

A number is judged by its value, not its spelling: 3.0 is the integer 3. Parsers raise ValueError saying what
is wrong, in words that follow the field's name, without the value itself: it may be personal.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, TypeGuard

from schemas.events import unknown
from schemas.times import from_ms, to_ms
from schemas.values import MAX_INTEGER, MAX_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from schemas.events import FieldType, Kind

THOUSANDTH = Decimal("0.001")
_EXACT = Context(prec=20)  # 18 digits and some room


def parse(value: object, field: FieldType) -> object:
    """Read a value that is not null. Raises ValueError."""
    return _PARSERS[field.kind](value, field)


def write(value: object, field: FieldType) -> str:
    """Write a value that is not None as JSON text."""
    return _WRITERS.get(field.kind, _scalar)(value)


def quoted(text: str) -> str:
    """Write text as a JSON string."""
    return json.dumps(text, ensure_ascii=False)


def _string(value: object, _: FieldType) -> str:
    if not isinstance(value, str):
        _wrong("must be text in quotes", value)
    return value


def _integer(value: object, _: FieldType) -> int:
    whole = _whole(value)
    if whole is None:
        _wrong("must be a whole number of 64 bits", value)
    return whole


def _whole(value: object) -> int | None:
    """Give the integer that a value is, if it is one of 64 bits."""
    if not _is_number(value) or not -MAX_INTEGER <= value < MAX_INTEGER:
        return None
    return int(value) if value == int(value) else None


def _number(value: object, _: FieldType) -> Decimal:
    if not _is_number(value):
        _wrong("must be a number", value)
    if not -MAX_NUMBER < value < MAX_NUMBER:
        raise ValueError("has more than 15 digits before the point")
    exact = Decimal(value).quantize(THOUSANDTH, context=_EXACT)
    if exact != value:
        raise ValueError("has more than three decimals: round it")
    return exact


def _is_number(value: object) -> TypeGuard[int | Decimal]:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _timestamp(value: object, field: FieldType) -> int:
    if not isinstance(value, str):
        return _integer(value, field)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value[:40]!r} is not a time: write 2026-03-01T09:30:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{value[:40]!r} has no time zone: end it with Z or an offset such as +01:00")
    return to_ms(moment)


def _boolean(value: object, _: FieldType) -> bool:
    if not isinstance(value, bool):
        _wrong("must be true or false", value)
    return value


def _enum(value: object, field: FieldType) -> str:
    if value not in field.symbols:
        raise ValueError(unknown("value", str(value), field.symbols).removesuffix("."))
    return str(value)


def _map(value: object, field: FieldType) -> dict[str, object]:
    if not isinstance(value, dict):
        _wrong("must be an object", value)
    return {_string(key, field): _entry(entry, field) for key, entry in value.items()}


def _entry(value: object, field: FieldType) -> object:
    """Read one entry of a map: a whole number stays an int, any other becomes a Decimal."""
    if _is_number(value):
        whole = _whole(value)
        return _number(value, field) if whole is None else whole
    if not isinstance(value, str | bool | None):
        _wrong("must hold text, numbers, true, false or null", value)
    return value


def _base64(value: object, field: FieldType) -> bytes:
    return b64decode(_string(value, field), validate=True)


def _wrong(wanted: str, value: object) -> NoReturn:
    raise ValueError(f"{wanted}, not {_NAMES.get(type(value), type(value).__name__)}")


_NAMES = {
    str: "text", bool: "true or false", int: "this number", Decimal: "this number", dict: "an object",
    list: "a list", float: "a binary float: give a Decimal",
}  # fmt: skip
_PARSERS: Mapping[Kind, Callable[[object, FieldType], object]] = {
    "string": _string, "integer": _integer, "number": _number, "boolean": _boolean, "timestamp": _timestamp,
    "enum": _enum, "map": _map, "bytes": _base64,
}  # fmt: skip


def _scalar(value: object) -> str:
    return _decimal(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _decimal(value: Decimal) -> str:
    return format(value.normalize(_EXACT), "f")


def _time(value: int) -> str:
    timespec = "milliseconds" if value % 1000 else "seconds"
    return f'"{from_ms(value).isoformat(timespec=timespec).removesuffix("+00:00")}Z"'


def _object(value: dict[str, object]) -> str:
    return f"{{{','.join(f'{quoted(key)}:{_scalar(entry)}' for key, entry in value.items())}}}"


def _encoded(value: bytes) -> str:
    return f'"{b64encode(value).decode()}"'


_WRITERS: Mapping[Kind, Callable[[Any], str]] = {"timestamp": _time, "map": _object, "bytes": _encoded}
