"""Bytes to records and back: the only door to fastavro.

`decode` is for bytes from outside, `decode_trusted` for those that Stageline wrote itself. Our own wire
format is Avro single-object encoding: `C3 01`, the schema's fingerprint, the record.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from fastavro import parse_schema, schemaless_writer

from schemas import ndjson
from schemas.errors import SchemaError
from schemas.events import EVENT_TYPES, NEWEST, RECORDS
from schemas.reader import record_reader
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from schemas.events import Event, Record
    from schemas.reader import Reader

    Prepared = tuple[str, str, Reader]  # where the name goes, the name, the reader
    SchemaById = Callable[[int], Record]  # a registry's schema id to the record of ours that it is

MAX_BYTES = 1_048_576  # a broker's default for one message
SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = b"\x00"
HEADER_BYTES = 10  # marker and fingerprint


def decode(raw: bytes, schema_by_id: SchemaById | None = None) -> Event:
    """Read an event from outside: Avro single-object, Confluent wire format or JSON; validated.

    Confluent's format needs `schema_by_id` (see `registry`). Raises SchemaError saying what is wrong.
    """
    if len(raw) > MAX_BYTES:
        raise SchemaError(f"{len(raw):,} bytes are more than the {MAX_BYTES:,} allowed for one event.")
    event = _decode_any(raw, schema_by_id)
    if event.get("type") not in EVENT_TYPES:
        name = event.get("type") or event["record"]
        raise SchemaError(f"{name} is written by Stageline itself, not by publishers.")
    return validate(event)


def decode_trusted(raw: bytes) -> dict[str, Any]:
    """Read a record that Stageline wrote: single-object encoding, values not checked again.

    An event has its name under `type`, an output under `record`.
    Raises SchemaError when the bytes are damaged.
    """
    found = _READERS.get(raw[:HEADER_BYTES])
    if found is None:
        raise SchemaError(f"no schema of ours has the fingerprint {raw[2:HEADER_BYTES].hex() or '(none)'}.")
    return _read_all(found, raw, HEADER_BYTES)


def read_at(record: Record, raw: bytes, start: int) -> tuple[dict[str, Any], int]:
    """Read the record that starts at a position, values unchecked; give it and where it ends.

    The end lies beyond the bytes when they were cut short.
    """
    return _read(_READERS[SINGLE_OBJECT + record.fingerprint], raw, start)


def encode(record: Mapping[str, Any]) -> bytes:
    """Write an event or an output in the newest version of its schema, single-object encoding."""
    return _write(SINGLE_OBJECT + NEWEST[_name(record)].fingerprint, record)


def written_default(field: Mapping[str, Any]) -> bytes:
    """Write a field's default as a record that leaves it out has it; `field` as in its `.avsc`."""
    out = BytesIO()
    schemaless_writer(out, parse_schema(without_times(field["type"])), field["default"])
    return out.getvalue()


def _decode_any(raw: bytes, schema_by_id: SchemaById | None) -> dict[str, Any]:
    if raw.startswith(SINGLE_OBJECT):
        return decode_trusted(raw)
    if raw.startswith(CONFLUENT):
        return _decode_confluent(raw, schema_by_id)
    if raw.lstrip(b" \t\r\n").startswith(b"{"):
        return ndjson.parse_unchecked(raw)
    start = f"it starts with {raw[:4].hex(' ')}" if raw else "it is empty"
    raise SchemaError(f"neither Avro (C3 01 or 00 first) nor a JSON object: {start}.")


def _decode_confluent(raw: bytes, schema_by_id: SchemaById | None) -> dict[str, Any]:
    if len(raw) < 5:
        raise SchemaError("Confluent wire format cut short: 00 and four bytes of schema id come first.")
    schema_id = int.from_bytes(raw[1:5], "big", signed=True)
    if schema_id <= 0:
        raise SchemaError(f"schema id {schema_id}: a registry's ids start at 1.")
    if schema_by_id is None:
        raise SchemaError(f"schema id {schema_id}, but no schema registry is configured.")
    return _read_all(_READERS[SINGLE_OBJECT + schema_by_id(schema_id).fingerprint], raw, 5)


def _read_all(prepared: Prepared, raw: bytes, start: int) -> dict[str, Any]:
    record, end = _read(prepared, raw, start)
    if end != len(raw):
        what = "cut short" if end > len(raw) else f"{len(raw) - end} bytes too many"
        raise SchemaError(f"{prepared[1]}: {what}.")
    return record


def _read(prepared: Prepared, raw: bytes, start: int) -> tuple[dict[str, Any], int]:
    key, name, read = prepared
    try:
        record, end = read(raw, start)
    except SchemaError as error:
        raise SchemaError(f"{name}: {error}.") from None
    record[key] = name
    return record, end


def _prepared(record: Record) -> Prepared:
    key = "record" if record.role == "output" else "type"
    return key, record.name, record_reader(record.schema, NEWEST[record.name].schema)


_READERS = {SINGLE_OBJECT + record.fingerprint: _prepared(record) for record in RECORDS}


def _write(start: bytes, record: Mapping[str, Any]) -> bytes:
    out = BytesIO()
    out.write(start)
    schemaless_writer(out, _WRITERS[_name(record)], record)
    return out.getvalue()


def _name(record: Mapping[str, Any]) -> str:
    """Tell which record it is: an output says so under `record`, an event under `type`."""
    return str(record.get("type") or record["record"])


def without_times(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON value
    """Leave out timestamp-millis: we keep integers, and fastavro would make datetimes of them."""
    if isinstance(schema, list):
        return [without_times(branch) for branch in schema]
    if isinstance(schema, dict):
        return {key: without_times(value) for key, value in schema.items() if value != "timestamp-millis"}
    return schema


_WRITERS = {name: parse_schema(without_times(record.schema)) for name, record in NEWEST.items()}
