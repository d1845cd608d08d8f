"""Avro container files (`.avro`) of events, as avro-tools, Kafka Connect and Flink write them.

The file's own schema must be one of ours, or a union of ours for mixed events: the file is read with our
copy. Layout: the Avro specification, "Object Container Files".
"""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from schemas import reader
from schemas.allowed import parse, record_of
from schemas.codec import read_at
from schemas.errors import SchemaError
from schemas.fingerprint import full_name
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.events import Event, Record

MAGIC = b"Obj\x01"
SYNC_BYTES = 16
MAX_METADATA_BYTES = 4 * 1_048_576  # a union of all our schemas is 0.1 MB
MAX_BLOCK_BYTES = 64 * 1_048_576  # packed or unpacked; writers make blocks of 16 kB to a few MB


class Header(NamedTuple):
    """What a file says about its blocks: schema as JSON text, codec by the specification's name, marker."""

    schema: bytes
    codec: str
    sync: bytes


def is_container(start: bytes) -> bool:
    """Tell a container file by its first four bytes."""
    return start.startswith(MAGIC)


def read_events(file: IO[bytes]) -> Iterator[Event]:
    """Read validated events in file order, block by block.

    Raises SchemaError, saying what is wrong, at the first thing in the file that cannot be read.
    """
    header = read_header(file)
    schema = parse(header.schema)
    union = isinstance(schema, list)
    records = _records(schema if union else [schema])
    for count, packed in read_blocks(file, header):
        yield from _block(_unpacked(packed, header.codec), count, records, union=union)


def read_header(file: IO[bytes]) -> Header:
    """Read what stands before the first block. Raises SchemaError for what is no container file."""
    if file.read(len(MAGIC)) != MAGIC:
        raise SchemaError("not an Avro container file.")
    metadata = _metadata(file)
    codec = metadata.get("avro.codec", b"null").decode("ascii", "replace")
    return Header(metadata.get("avro.schema", b""), codec, _exactly(file, SYNC_BYTES))


def read_blocks(file: IO[bytes], header: Header) -> Iterator[tuple[int, bytes]]:
    """Read each block as the number of its events and its bytes, still packed."""
    while first := file.read(1):
        count = _long(file, first)
        block = _bytes(file, MAX_BLOCK_BYTES)
        if _exactly(file, SYNC_BYTES) != header.sync:
            raise SchemaError("the file is damaged: a block does not end with the sync marker.")
        yield count, block


def _block(block: bytes, count: int, records: Sequence[Record], *, union: bool) -> Iterator[Event]:
    pos = index = 0
    for _ in range(count):
        if union:
            index, pos = _branch(block, pos, len(records))
        event, pos = read_at(records[index], block, pos)
        yield validate(event)
    if pos != len(block):
        raise SchemaError("the file is damaged: a block does not end where its events do.")


def _branch(block: bytes, pos: int, branches: int) -> tuple[int, int]:
    try:
        index, pos = reader.read_long(block, pos)
    except (IndexError, ValueError):
        raise SchemaError("the file is damaged: a block ends before its events do.") from None
    if not 0 <= index < branches:
        raise SchemaError(f"the file is damaged: an event of schema {index} of {branches}.")
    return index, pos


def _records(schemas: Sequence[Any]) -> tuple[Record, ...]:
    enums: dict[str, Any] = {}
    try:
        records = tuple(record_of(_with_enums(schema, "", enums)) for schema in schemas)
    except RecursionError:
        raise SchemaError("the file's schema is nested too deeply to be one of ours.") from None
    for record in records:
        if record.role == "output":
            raise SchemaError(f"the file holds {record.name}, which is not an event.")
    return records


def _with_enums(schema: Any, namespace: str, enums: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Put enums back where a union, which may define each name once, only names them."""
    match schema:
        case str():
            return enums.get(full_name(schema, namespace), schema)
        case list():
            return [_with_enums(branch, namespace, enums) for branch in schema]
        case {"type": "record", "fields": list(fields)}:
            inner = schema.get("namespace", namespace)
            return schema | {"fields": [_with_enums(field, inner, enums) for field in fields]}
        case {"type": "enum", "name": str(name)}:
            return enums.setdefault(full_name(name, schema.get("namespace", namespace)), schema)
        case {"name": _, "type": type_}:
            return schema | {"type": _with_enums(type_, namespace, enums)}
    return schema


def _metadata(file: IO[bytes]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    while count := _long(file):
        if count < 0:  # then the block's size in bytes follows
            _long(file)
        for _ in range(abs(count)):
            key = _bytes(file, MAX_METADATA_BYTES)
            found[key.decode("utf-8", "replace")] = _bytes(file, MAX_METADATA_BYTES)
    return found


def _unpacked(data: bytes, codec: str) -> bytes:
    if codec == "null":
        return data
    if codec != "deflate":
        raise SchemaError(f"the file is packed with {codec!r}: write it with deflate or null.")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # raw deflate, as the specification asks
    try:
        unpacked = unpacker.decompress(data, MAX_BLOCK_BYTES)
    except zlib.error as error:
        raise SchemaError(f"the file is damaged: {error}.") from None
    if not unpacker.eof:
        raise SchemaError(f"a block is damaged, or unpacks to more than {MAX_BLOCK_BYTES:,} bytes.")
    return unpacked


def _long(file: IO[bytes], first: bytes = b"") -> int:
    digits = first or _exactly(file, 1)
    while digits[-1] >= 0x80 and len(digits) < 10:
        digits += _exactly(file, 1)
    try:
        return reader.read_long(digits, 0)[0]
    except (IndexError, ValueError):
        raise SchemaError("the file is damaged: an integer longer than 64 bits.") from None


def _bytes(file: IO[bytes], limit: int) -> bytes:
    size = _long(file)
    if not 0 <= size <= limit:
        raise SchemaError(f"the file is damaged, or has a part of {size:,} bytes; {limit:,} are allowed.")
    return _exactly(file, size)


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise SchemaError("the file is cut short.")
    return data
