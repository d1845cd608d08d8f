"""The catalogue of records, read once from `avro/*.avsc`, the only place where types and fields are defined.

A record's role says who writes it: an `event` comes from publishers, an `internal` record stands beside the
events in contact-events but is written by Stageline, an `output` is what the lifecycle emits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from schemas.errors import SchemaError
from schemas.fingerprint import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Event = dict[str, Any]
"""An event in canonical form: `type`, the header, that type's fields by name.

Timestamps are int (ms, UTC); a `number` is a Decimal with three decimals; a `map` holds str, int, bool,
Decimal or None; everything else is what JSON would give.
"""
Role = Literal["event", "internal", "output"]
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


def read_records(texts: Iterable[tuple[str, str]]) -> tuple[Record, ...]:
    """Read (file name, text) pairs, in order of name and version."""
    records = (_record(file, json.loads(text)) for file, text in texts)
    return tuple(sorted(records, key=lambda record: (record.name, record.version)))


def package_files() -> tuple[tuple[str, str], ...]:
    """Load the (file name, text) pairs of every `.avsc` in the package."""
    folder = files("schemas") / "avro"
    found = (file for file in folder.iterdir() if file.name.endswith(".avsc"))
    return tuple((file.name, file.read_text("utf-8")) for file in found)


def _record(file: str, schema: dict[str, Any]) -> Record:
    name, version = file.removesuffix(".avsc").rsplit(".v", 1)
    return Record(
        name=name,
        version=int(version),
        role=schema["role"],
        identifiers=schema.get("identifiers", 1),
        schema=schema,
        fingerprint=fingerprint(schema),
    )


RECORDS = read_records(package_files())
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
