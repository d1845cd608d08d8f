"""The map of a CSV export: which column is the contact, the time, the event type, a field.

columns:
  Email: email
  Activity date: {time: "%m/%d/%Y %H:%M", zone: America/New_York}
  Activity type: {type: {Form submission: form_submitted, Unsubscribed: unsubscribed}, other: skip}
  Form name: {field: {form_submitted: form}}
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from processors.importers.csv_map_check import check_dialect, check_zone, problems
from processors.importers.local_time import Ambiguous, Nonexistent, TimeFormat
from processors.importers.yaml_file import Part, load_model
from processors.strict_yaml.problem import nearest, refuse
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

Header = Literal[
    "contact_id", "anonymous_id", "email", "event_id", "company_id", "source", "campaign", "medium"
]  # fmt: skip
Kind = Literal["string", "integer", "number", "boolean"]


def _header(value: object) -> object:
    """`Email: email` is short for `Email: {header: email}`."""
    if not isinstance(value, str):
        return value
    if value not in get_args(Header):
        raise refuse(f"'{value}' is not part of an event's header", nearest(value, get_args(Header)))
    return {"header": value}


class Column(Part):
    """What one column is for: part of the header, the time, the type, a field, a profile or property entry.

    `values` translates cells before they are read. `as` says what a profile or property entry is.
    `other` says what becomes of a row whose type is not in `type`.
    """

    header: Header | None = None
    time: str | None = None
    type_: dict[str, str] | None = Field(default=None, alias="type")
    field: str | dict[str, str] | None = None
    profile: str | None = None
    property_: str | None = Field(default=None, alias="property")
    values: dict[str, str] | None = None
    zone: str | None = None
    ambiguous: Ambiguous = "refuse"
    nonexistent: Nonexistent = "refuse"
    other: Literal["refuse", "skip"] = "refuse"
    as_: Kind = Field(default="string", alias="as")

    @model_validator(mode="after")
    def _one_purpose(self) -> Self:
        given = (self.header, self.time, self.type_, self.field, self.profile, self.property_)
        if sum(purpose is not None for purpose in given) != 1:
            raise refuse(
                "a column is for one thing", "write one of header, time, type, field, profile, property"
            )
        check_zone(self.time, self.zone)
        return self

    @cached_property
    def time_format(self) -> TimeFormat:
        """How the cells of the time column are read."""
        return TimeFormat(
            text=str(self.time),
            zone=None if self.zone is None else ZoneInfo(self.zone),
            ambiguous=self.ambiguous,
            nonexistent=self.nonexistent,
        )

    def field_for(self, event_type: str) -> str | None:
        """Which field of such an event the column fills, if any."""
        return self.field.get(event_type) if isinstance(self.field, dict) else self.field


class CsvMap(Part):
    """A whole map. `type` and `set` hold what is the same in every event. `decimal`: the mark in numbers."""

    columns: dict[str, Annotated[Column, BeforeValidator(_header)]]
    type_: str | None = Field(default=None, alias="type")
    set_: dict[str, Any] = Field(default_factory=dict, alias="set")
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: Literal[".", ","] = "."

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_dialect(self.encoding, self.delimiter)
        for problem in problems(self):
            raise problem
        return self

    def having(self, purpose: str) -> dict[str, Column]:
        """Find the columns with that purpose, by name."""
        return {name: column for name, column in self.columns.items() if getattr(column, purpose) is not None}

    def event_types(self) -> dict[str, tuple[str, ...]]:
        """Every event type that a row can become, and where in the map it stands."""
        if self.type_ is not None:
            return {self.type_: ("type",)}
        return {
            event_type: ("columns", name, "type", cell)
            for name, column in self.having("type_").items()
            for cell, event_type in (column.type_ or {}).items()
        }


def load_map(file: Path, **dialect: str) -> CsvMap:
    """Read a map; `dialect` may give another `encoding` and `delimiter` than the file does.

    Raises LifecycleError showing what is wrong.
    """
    map_ = load_model(file, CsvMap).model_copy(update=dialect)
    try:
        check_dialect(map_.encoding, map_.delimiter)
    except PydanticCustomError as error:
        raise LifecycleError(f"{error.message()}: {(error.context or {})['remedy']}.") from None
    return map_
