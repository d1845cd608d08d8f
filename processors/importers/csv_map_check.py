"""What must hold across a map before a single row is read: every row of a wrong map would be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from processors.strict_yaml.problem import nearest, refuse
from schemas.events import EVENT_TYPES, IDENTIFIERS, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import PydanticCustomError

    from processors.importers.csv_map import CsvMap

ASCII = bytes(range(128))
ODD = b"\\u1 \\N{x} \\x1 \x1b$B \xff"  # must come through any encoding that keeps each byte for itself
WRITTEN_HERE = {"event_id", "occurred_at", "received_at"}  # made from the row, its time, its arrival


def check_zone(time: str | None, zone: str | None) -> None:
    """Refuse a time column whose zone is unknown, missing or given twice."""
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise refuse(
                f"'{zone}' is not a time zone", nearest(zone, available_timezones()), "zone"
            ) from None
    if time is None or time in {"iso", "epoch", "epoch_ms"}:
        return
    if "%Z" in time:
        raise refuse(
            "zone names in cells are ambiguous (%Z)", "give `zone`, or offsets in cells (%z)", "time"
        )
    if ("%z" in time) == (zone is not None):
        raise refuse(
            "a time needs exactly one zone", "write zone: Europe/Berlin, or %z in the format", "time"
        )


def check_dialect(encoding: str, delimiter: str) -> None:
    """Refuse an encoding in which lines cannot be told apart, and a delimiter of several signs."""
    try:
        ODD.decode(encoding, errors="surrogateescape")
        plain = ASCII.decode(encoding) == ASCII.decode("ascii")
    except (LookupError, UnicodeError):
        plain = False
    if not plain:
        remedy = "write utf-8, cp1252 or latin-1; convert UTF-16 first: iconv -f utf-16 -t utf-8 FILE"
        raise refuse(f"'{encoding}' is not an encoding that can be read line by line", remedy, "encoding")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise refuse(f"{delimiter!r} is not one sign", r"write one of , ; | or \"\t\"", "delimiter")


def problems(map_: CsvMap) -> Iterator[PydanticCustomError]:
    """Yield what would make every row, or every row of a type, fail."""
    if len(map_.having("time")) != 1:
        yield refuse(
            "exactly one column must be the time", "write Date: {time: iso, zone: Europe/Berlin}", "columns"
        )
    if (map_.type_ is None) != (len(map_.having("type_")) == 1):
        yield refuse(
            "the event type must be given once",
            "write type: form_submitted, or one column {type: {…}}",
            "columns",
        )
    for event_type, path in map_.event_types().items():
        if event_type not in EVENT_TYPES:
            yield refuse(f"event type '{event_type}' is not known", nearest(event_type, EVENT_TYPES), *path)
            return
    yield from _unfillable(map_)
    for event_type, path in map_.event_types().items():
        yield from _missing(map_, event_type, path)


def _unfillable(map_: CsvMap) -> Iterator[PydanticCustomError]:
    """Columns that no event can take."""
    types = map_.event_types()
    for name, column in map_.columns.items():
        path = ("columns", name)
        wanted = {"profile": column.profile, "properties": column.property_}
        for entry, given in wanted.items():
            if given is not None and not any(entry in fields_of(type_) for type_ in types):
                yield refuse(f"no event of this map has {entry}", "map the rows to another type", *path)
        pairs = column.field.items() if isinstance(column.field, dict) else ((t, column.field) for t in types)
        for event_type, field in pairs if column.field is not None else ():
            if event_type not in types:
                yield refuse(f"no row becomes '{event_type}'", nearest(event_type, types), *path)
            elif field not in fields_of(event_type):
                remedy = nearest(field, fields_of(event_type))
                yield refuse(f"{event_type} has no field '{field}'", remedy, *path)
    for name in map_.set_:
        if not any(name in fields_of(event_type) for event_type in types):
            yield refuse(f"no event of this map has a field '{name}'", "remove it", "set", name)


def _missing(map_: CsvMap, event_type: str, path: tuple[str, ...]) -> Iterator[PydanticCustomError]:
    """Fields that an event of this type needs and no column gives."""
    given = set(map_.set_) | {column.header for column in map_.having("header").values()} | WRITTEN_HERE
    given |= {column.field_for(event_type) for column in map_.having("field").values()}
    given |= {"profile"} if map_.having("profile") else set()
    needed = [name for name, field in fields_of(event_type).items() if field.required and name not in given]
    if needed:
        yield refuse(
            f"{event_type} needs {', '.join(needed)}", "map a column to it, or give it under `set`", *path
        )
    if not given.intersection(IDENTIFIERS) and event_type != "spend_recorded":
        yield refuse("no column names the contact", "map one to contact_id, email or anonymous_id", "columns")
