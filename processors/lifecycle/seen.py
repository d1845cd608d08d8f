"""The ring of events already counted: dedupes by (source, event_id) and says what a void takes back out.

A byte string of fixed records, oldest arrival first, so that loading it costs nothing and looking one up is a
search by the C library: 8 bytes of event id hash, 4 of source hash, 6 of time, then the behaviours it matched
as a bit mask. A voided event keeps its record (it must not count when it comes again) with an empty mask.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

ID_BYTES = 8
SOURCE_BYTES = 4
TIME_BYTES = 6  # ms until the year 10889
HEAD = ID_BYTES + SOURCE_BYTES
ANY_SOURCE = bytes(SOURCE_BYTES)  # voided before it came: its source is not known


class Record(NamedTuple):
    """One record, and where it stands in the ring."""

    offset: int
    at: int
    mask: int


class Ring:
    """Shape of a plan's rings: how many records and how wide."""

    __slots__ = ("_width", "keep")

    def __init__(self, keep: int, behaviours: int) -> None:
        self.keep = keep
        self._width = HEAD + TIME_BYTES + (behaviours + 7) // 8

    def has(self, ring: bytes, key: bytes) -> bool:
        """Whether the event of that key was counted, or voided, before."""
        offset = self._find(ring, key[:ID_BYTES])
        while offset >= 0:
            if ring[offset + ID_BYTES : offset + HEAD] in {key[ID_BYTES:], ANY_SOURCE}:
                return True
            offset = self._find(ring, key[:ID_BYTES], offset + self._width)
        return False

    def add(self, ring: bytes, key: bytes, at: int, mask: int) -> bytes:
        """Append a record; the oldest goes when there are more than `keep`."""
        ring += key + at.to_bytes(TIME_BYTES, "big") + mask.to_bytes(self._width - HEAD - TIME_BYTES, "big")
        return ring[self._width :] if len(ring) > self.keep * self._width else ring

    def full(self, ring: bytes) -> bool:
        """Whether older events may have been forgotten."""
        return len(ring) >= self.keep * self._width

    def records_of(self, ring: bytes, event_id: str) -> list[Record]:
        """Every record of an event id, whatever its source."""
        start, found = id_hash(event_id), []
        offset = self._find(ring, start)
        while offset >= 0:
            found.append(self._record(ring, offset))
            offset = self._find(ring, start, offset + self._width)
        return found

    def clear(self, ring: bytes, record: Record) -> bytes:
        """Empty a record's mask: seen, but counted for nothing."""
        end = record.offset + self._width
        blank = bytes(self._width - HEAD - TIME_BYTES)
        return ring[: record.offset + HEAD + TIME_BYTES] + blank + ring[end:]

    def merge(self, one: bytes, other: bytes) -> bytes:
        """Both rings by time, so that the result does not depend on which contact was which."""
        records = {*self._split(one), *self._split(other)}
        ordered = sorted(records, key=lambda record: (record[HEAD : HEAD + TIME_BYTES], record))
        return b"".join(ordered[-self.keep :])

    def shared(self, one: bytes, other: bytes) -> list[Record]:
        """Find records of `other` whose event is in `one` too."""
        known = {record[:HEAD] for record in self._split(one)}
        offsets = range(0, len(other), self._width)
        return [self._record(other, offset) for offset in offsets if other[offset : offset + HEAD] in known]

    def _split(self, ring: bytes) -> list[bytes]:
        return [ring[offset : offset + self._width] for offset in range(0, len(ring), self._width)]

    def _record(self, ring: bytes, offset: int) -> Record:
        mask = offset + HEAD + TIME_BYTES
        at = int.from_bytes(ring[offset + HEAD : mask], "big")
        return Record(offset, at, int.from_bytes(ring[mask : offset + self._width], "big"))

    def _find(self, ring: bytes, start: bytes, offset: int = 0) -> int:
        offset = ring.find(start, offset)
        while offset >= 0 and offset % self._width:  # bytes that only look like it, across two records
            offset = ring.find(start, offset + 1)
        return offset


def key_of(source: str | None, event_id: str) -> bytes:
    """Start of an event's record."""
    return id_hash(event_id) + _source_hash(source)


def id_hash(event_id: str) -> bytes:
    """Eight bytes: two of a contact's 128 ids agree once in 10^15 contacts."""
    return blake2b(event_id.encode(), digest_size=ID_BYTES).digest()


@lru_cache(maxsize=1_024)
def _source_hash(source: str | None) -> bytes:
    if source is None:
        return b"\x00\x00\x00\x01"  # no source given; zeros stand for any
    return blake2b(source.encode(), digest_size=SOURCE_BYTES).digest()
