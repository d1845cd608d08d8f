"""The catalogue of records, read once from `avro/*.avsc`, the only place where types and fields are defined.

A record's role says who writes it: an `event` comes from publishers, an `internal` record stands beside the
events in contact-events but is written by Stageline, an `output` is what the lifecycle emits.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from schemas.errors import SchemaError
from schemas.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.resources.abc import Traversable

Event = dict[str, Any]
"""An event in canonical form: `type`, the header, that type's fields by name.

Timestamps are int (ms, UTC); a `number` is a Decimal with three decimals; a `map` holds str, int, bool,
Decimal or None; everything else is what JSON would give.
"""
Role = Literal["event", "internal", "output"]
ROLES = get_args(Role)
Kind = Literal["string", "integer", "number", "boolean", "timestamp", "enum", "map", "bytes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldType:
    """What a field may hold. `required`: has no default, so it must be given (null only if `nullable`)."""

    kind: Kind
    symbols: tuple[str, ...] = ()  # of an enum
    nullable: bool = False
    required: bool = True
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One version of one record.

    `identifiers`: how many of contact_id, anonymous_id and email an event must carry at least.
    `fingerprint`: CRC-64-AVRO, 8 bytes, little-endian.
    """

    name: str
    version: int
    role: Role
    identifiers: int
    schema: Mapping[str, Any]
    fingerprint: bytes

    def __str__(self) -> str:
        return f"{self.name}.v{self.version}"


def read_records(folder: Traversable) -> tuple[Record, ...]:
    """Read every `.avsc` of a folder, in order of name and version.

    Raises SchemaError naming the file that is not a record's schema.
    """
    found = (file for file in folder.iterdir() if file.name.endswith(".avsc"))
    records = (_record(file.name, file.read_text("utf-8")) for file in found)
    return tuple(sorted(records, key=lambda record: (record.name, record.version)))


def _record(file: str, text: str) -> Record:
    named = re.fullmatch(r"(\w+)\.v([1-9]\d*)\.avsc", file)
    if named is None:
        raise SchemaError(f"{file}: a schema's file is named for its record and version: page_view.v1.avsc.")
    try:
        schema = json.loads(text)
        mark = fingerprint(schema)
    except ValueError as error:
        raise SchemaError(f"{file}: {error}") from None
    if not isinstance(schema, dict) or schema.get("name") != named[1] or schema.get("role") not in ROLES:
        raise SchemaError(
            f'{file}: must be a record with "name": "{named[1]}" and a "role": {", ".join(ROLES)}.'
        )
    return Record(
        name=named[1],
        version=int(named[2]),
        role=schema["role"],
        identifiers=schema.get("identifiers", 1),
        schema=schema,
        fingerprint=mark,
    )


FOLDER = files("schemas") / "avro"
RECORDS = read_records(FOLDER)
NEWEST: Mapping[str, Record] = MappingProxyType({record.name: record for record in RECORDS})
EVENT_TYPES = tuple(record.name for record in NEWEST.values() if record.role == "event")
INTERNAL_TYPES = tuple(record.name for record in NEWEST.values() if record.role == "internal")
OUTPUT_TYPES = tuple(record.name for record in NEWEST.values() if record.role == "output")
HEADER = (
    "event_id", "contact_id", "anonymous_id", "email", "occurred_at",
    "received_at", "source", "campaign", "medium", "company_id",
)  # fmt: skip
IDENTIFIERS = ("contact_id", "anonymous_id", "email")


@cache
def fields_of(event_type: str) -> Mapping[str, FieldType]:
    """Every field of an event's newest version, header first.

    Raises SchemaError for a type that is not in the catalogue, with the nearest one that is.
    """
    if event_type not in EVENT_TYPES and event_type not in INTERNAL_TYPES:
        raise SchemaError(unknown("event type", event_type, EVENT_TYPES))
    fields = NEWEST[event_type].schema["fields"]
    return MappingProxyType({field["name"]: field_type(field) for field in fields})


def field_type(field: Mapping[str, Any]) -> FieldType:
    """Read one field of an `.avsc`."""
    type_ = field["type"]
    nullable = isinstance(type_, list) and "null" in type_
    if nullable:
        (type_,) = (branch for branch in type_ if branch != "null")
    return FieldType(
        kind=_kind(type_),
        symbols=tuple(type_["symbols"]) if isinstance(type_, dict) and "symbols" in type_ else (),
        nullable=nullable,
        required="default" not in field,
        default=field.get("default"),
    )


_KINDS: Mapping[str, Kind] = {
    "string": "string", "long": "integer", "boolean": "boolean", "enum": "enum", "map": "map",
    "bytes": "bytes", "timestamp-millis": "timestamp", "decimal": "number",
}  # fmt: skip


def _kind(type_: str | Mapping[str, Any]) -> Kind:
    if isinstance(type_, str):
        return _KINDS[type_]
    return _KINDS[type_.get("logicalType", type_["type"])]


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is not known, and which one was meant."""
    near = get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(sorted(known))}."
    return f"{what} {name[:80]!r} is not known{hint}"
