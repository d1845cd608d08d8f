"""A CRM's CSV export as events, by a map. Rows that cannot be read are refused whole, with their own text."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from processors.feeds.items import Item, Refused, Row, Skipped
from processors.importers.csv_cells import read_cell
from processors.importers.csv_records import read_header, read_records
from processors.strict_yaml.problem import nearest
from schemas.errors import SchemaError
from schemas.events import fields_of
from schemas.ndjson import event_of
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.feeds.lines import Line
    from processors.importers.csv_map import Column, CsvMap
    from processors.importers.csv_records import Record


class _SkipError(Exception):
    """The row is of a type that the map leaves out."""


def read_csv(lines: Iterable[Line], map_: CsvMap) -> Iterator[Item]:
    """Turn each row into an event, a refusal or a reason to skip it.

    A row without a mapped event id gets the hash of its event, so that importing a file twice changes
    nothing; equal rows are told apart by their occurrence. Raises LifecycleError when the header does not
    have the columns of the map.
    """
    records = read_records(lines, map_.encoding, map_.delimiter)
    header = read_header(next(records, None), map_.columns, map_.delimiter)
    seen: Counter[str] = Counter()
    for record in records:
        yield _item(record, header, map_, seen)


def _item(record: Record, header: list[str], map_: CsvMap, seen: Counter[str]) -> Item:
    if record.cells == []:
        return Skipped(line=record.line, reason="empty line")
    try:
        row = _row(record.under(header), map_)
        row.setdefault("event_id", _event_id(row, seen))
        return Row(line=record.line, event=validate(event_of(row)), original=record.original)
    except _SkipError as skip:
        return Skipped(line=record.line, reason=str(skip))
    except SchemaError as error:
        return Refused(line=record.line, reason=str(error), original=record.original)


def _row(cells: dict[str, str], map_: CsvMap) -> dict[str, Any]:
    """Fill one event, in the form of an NDJSON line."""
    event_type = map_.type_ or _type(cells, map_)
    fields = fields_of(event_type)
    row: dict[str, Any] = {"type": event_type, **{k: v for k, v in map_.set_.items() if k in fields}}
    for name, column in map_.columns.items():
        cell = cells[name].strip()
        if cell:
            try:
                _fill(row, column, _translated(cell, column), map_.decimal)
            except ValueError as error:
                raise SchemaError(_sentence(f"column {name!r}: {error}")) from None
    if "occurred_at" not in row:
        raise SchemaError("the time is empty.")
    return row


def _type(cells: dict[str, str], map_: CsvMap) -> str:
    ((name, column),) = map_.having("type_").items()
    types, cell = column.type_ or {}, cells[name].strip()
    if cell in types:
        return types[cell]
    if column.other == "skip":
        raise _SkipError(f"{name} not in the map")
    reason = f"column {name!r}: {cell[:40]!r} is no event type of the map; {nearest(cell, types)}"
    raise SchemaError(_sentence(reason))


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _translated(cell: str, column: Column) -> str:
    if column.values is None:
        return cell
    if cell not in column.values:
        raise ValueError(f"{cell[:40]!r} is not in its `values`; {nearest(cell, column.values)}")
    return column.values[cell]


def _fill(row: dict[str, Any], column: Column, cell: str, decimal: str) -> None:
    fields = fields_of(row["type"])
    if not cell.isascii() and any("\udc80" <= sign <= "\udcff" for sign in cell):
        raise ValueError("its bytes do not fit the encoding: give another `encoding`, such as cp1252")
    if column.time is not None:
        row["occurred_at"] = column.time_format.milliseconds(cell)
    elif column.header is not None:
        row[column.header] = cell
    elif (field := column.field_for(row["type"])) is not None:
        row[field] = read_cell(cell, fields[field].kind, decimal)
    elif column.profile is not None and "profile" in fields:
        row.setdefault("profile", {})[column.profile] = read_cell(cell, column.as_, decimal)
    elif column.property_ is not None and "properties" in fields:
        row.setdefault("properties", {})[column.property_] = read_cell(cell, column.as_, decimal)


def _event_id(row: dict[str, Any], seen: Counter[str]) -> str:
    digest = sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()[:32]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
