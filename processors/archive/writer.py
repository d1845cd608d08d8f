"""From the topic into segments. What is not yet in a segment is read again after an end of any kind."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from processors.archive.compaction import clean, compact, replace_manifest
from processors.archive.erasure import erase
from processors.archive.segments import write_segment
from schemas.archived import Archived

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.archive.folder import Archive
    from processors.engine.batch import Record

OVERHEAD = 200  # bytes that a record takes in memory beside its own


class Buffer:
    """Records of one partition on their way to the disk. `end`: up to where they were read."""

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.bytes = 0
        self._records: list[Archived] = []

    def add(self, records: Iterable[Record]) -> None:
        """Take records in the order of their offsets."""
        for record in records:
            one = Archived(record.key or b"", record.offset, record.value or b"")
            self._records.append(one)
            self.bytes += len(one.key) + len(one.value) + OVERHEAD

    def sorted(self) -> list[Archived]:
        """Give the records by contact and offset."""
        self._records.sort()
        return self._records

    def __len__(self) -> int:
        return len(self._records)


class Pace(NamedTuple):
    """When to write: `limit` bytes of memory for what waits, `every` seconds that it waits at most."""

    limit: int
    every: float


BY_MEMORY = Pace(limit=128 << 20, every=3_600)  # memory alone says when to write


class Writer:
    """Fills an archive; unless it `forgets`, erased contacts stay as they are in the topic."""

    def __init__(self, archive: Archive, pace: Pace, *, forgets: bool = True) -> None:
        self.archive, self._pace, self._forgets = archive, pace, forgets
        self.written = 0
        self._buffers = {number: Buffer(one.next_offset) for number, one in archive.manifests.items()}
        self._flushed = time.monotonic()
        for number in archive.manifests:
            clean(archive, number)  # of a writer that was killed

    def take(self, partition: int, records: Iterable[Record], end: int) -> None:
        """Take what was read of a partition, up to the offset `end`."""
        buffer = self._buffers[partition]
        buffer.add(records)
        buffer.end = end

    def settle(self) -> None:
        """Write the largest buffers if memory is short, and all of them if they waited long enough."""
        while sum(one.bytes for one in self._buffers.values()) > self._pace.limit:
            self._flush(max(self._buffers, key=lambda number: self._buffers[number].bytes))
        if time.monotonic() - self._flushed >= self._pace.every:
            self.flush()

    def flush(self) -> None:
        """Write everything, then do what erasures among it ask for."""
        for partition, buffer in self._buffers.items():
            if len(buffer):
                self._flush(partition)
        if self._forgets:
            erase(self.archive)
        self._flushed = time.monotonic()

    def _flush(self, partition: int) -> None:
        buffer, manifest = self._buffers[partition], self.archive.manifests[partition]
        folder = self.archive.folder(partition)
        segment = write_segment(folder, buffer.start, buffer.end, buffer.sorted())
        replace_manifest(self.archive, replace(manifest, segments=(*manifest.segments, segment)))
        self.written += segment.records
        self._buffers[partition] = Buffer(buffer.end)
        compact(self.archive, partition)
