"""Segment files of an archive: Avro containers of records as they stand in a topic, sorted by key and offset.

The value is kept byte for byte, in the version it was written in. Blocks are packed with Zstandard, which the
Avro specification knows as `zstandard`; any Avro tool can read the files.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from hashlib import sha256
from typing import IO, TYPE_CHECKING, NamedTuple

from cramjam import DecompressionError, zstd

from schemas import reader
from schemas.container import MAGIC, SYNC_BYTES, read_blocks, read_header
from schemas.errors import SchemaError
from schemas.native import native

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCHEMA = {
    "type": "record",
    "name": "archived",
    "namespace": "stageline",
    "fields": [
        {"name": "key", "type": "bytes"},
        {"name": "offset", "type": "long"},
        {"name": "value", "type": "bytes"},
    ],
}
TEXT = json.dumps(SCHEMA, separators=(",", ":")).encode()
CODEC = "zstandard"
SYNC = sha256(b"stageline archive").digest()[:SYNC_BYTES]  # not by chance: the same records, the same bytes
LEVEL = 3  # half the size of level 1's, at half its speed: 3 µs for an event, once
BLOCK_BYTES = 1 << 18  # a contact's own events are found by unpacking a few of these
# A block is closed by the record that fills it, and the largest record of contact-events has 2 MB.
MAX_UNPACKED = BLOCK_BYTES + (4 << 20)


class Archived(NamedTuple):
    """A record of a partition. `key` b"": it has none (clock records, money spent on a channel)."""

    key: bytes
    offset: int
    value: bytes


def write_archived(file: IO[bytes], records: Iterable[Archived]) -> int:
    """Write a whole file of records that are sorted; gives how many they were."""
    file.write(header())
    block, count, total = bytearray(), 0, 0
    for key, offset, value in records:
        block += _sized(key) + _long(offset) + _sized(value)
        count += 1
        if len(block) >= BLOCK_BYTES:
            file.write(_block(block, count))
            total, count = total + count, 0
            block.clear()
    file.write(_block(block, count) if count else b"")
    return total + count


def header() -> bytes:
    """Give the bytes that every segment starts with, up to its first block."""
    metadata = ((b"avro.schema", TEXT), (b"avro.codec", CODEC.encode()))
    pairs = (_sized(name) + _sized(value) for name, value in metadata)
    return MAGIC + _long(len(metadata)) + b"".join(pairs) + _long(0) + SYNC


def read_archived(file: IO[bytes]) -> Iterator[Archived]:
    """Read the records of a file in its order. Raises SchemaError where it is damaged or none of ours."""
    for count, packed in packed_blocks(file):
        yield from unpack(packed, count)


def packed_blocks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Read the blocks of a file as `unpack` wants them."""
    found = read_header(file)
    if (found.schema, found.codec) != (TEXT, CODEC):
        raise SchemaError("not a segment of an archive.")
    return read_blocks(file, found)


def unpack(packed: bytes, count: int) -> list[Archived]:
    """Unpack a block of `count` records. Raises SchemaError where it is damaged."""
    with _damage_told():
        return _records(_inflated(packed), count)


def records_of(packed: bytes, count: int, key: bytes) -> tuple[list[Archived], bool]:
    """Find the records of a key in a block, and tell whether it goes on beyond them. Raises as `unpack`."""
    compiled = native()
    found = None if compiled is None else compiled.records_of(packed, MAX_UNPACKED, count, key)
    if found is not None:
        return [Archived(key, *one) for one in found[0]], found[1]
    records = unpack(packed, count)
    return [one for one in records if one.key == key], records[-1].key > key


def first_key(packed: bytes) -> bytes:
    """Read the key that a block starts with, and no more of it. Raises SchemaError where that is damaged."""
    with _damage_told():
        block = _inflated(packed)
        key, end = _bytes(block, 0)
        if end > len(block):
            raise ValueError("it ends within its first key")
        return key


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (IndexError, ValueError, DecompressionError) as error:
        raise SchemaError(f"a block of the segment is damaged: {error}.") from None


def _inflated(packed: bytes) -> bytes:
    room = bytearray(MAX_UNPACKED)  # not larger: a few packed bytes can ask for gigabytes
    size = zstd.decompress_into(packed, room)
    return bytes(room[:size])


def _records(block: bytes, count: int) -> list[Archived]:
    found, pos = [], 0
    for _ in range(count):
        key, pos = _bytes(block, pos)
        offset, pos = reader.read_long(block, pos)
        value, pos = _bytes(block, pos)
        found.append(Archived(key, offset, value))
    if pos != len(block):
        raise ValueError("it does not end where its records do")
    return found


def _bytes(block: bytes, pos: int) -> tuple[bytes, int]:
    size, start = reader.read_long(block, pos)
    if size < 0:
        raise ValueError("a negative length")
    return block[start : start + size], start + size


def _block(block: bytearray, count: int) -> bytes:
    return _long(count) + _sized(bytes(zstd.compress(block, LEVEL))) + SYNC


def _sized(value: bytes) -> bytes:
    return _long(len(value)) + value


def _long(value: int) -> bytes:
    """Write a zigzag integer; nothing here is negative."""
    value <<= 1
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
