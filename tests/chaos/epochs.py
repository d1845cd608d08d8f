"""Zombies in the log itself: what a producer wrote or committed after it had been fenced."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Head of a record batch: offset, length, leader epoch, magic, checksum, attributes, last offset delta, first
# and last time, producer id and epoch, first sequence, records (Kafka's protocol guide, "Record Batch").
HEAD = Struct(">qiibIhiqqqhii")
UNCOUNTED = 12  # bytes of a batch that its length does not count
TRANSACTIONAL, CONTROL = 0x10, 0x20
MARKER = Struct(">h")  # 1: commit. In front of it the record's five one-byte fields and a version
MARKER_AT = HEAD.size + 5 + 2


class Batch(NamedTuple):
    """A transactional batch; `commits`: the marker that ends a transaction well."""

    producer: int
    epoch: int
    marker: bool
    commits: bool
    records: int


def written_by_zombies(data: Path, topics: frozenset[str]) -> int:
    """Count the records that were committed although their producer's epoch was over in that partition."""
    partitions = (one for one in sorted(data.iterdir()) if one.name.rpartition("-")[0] in topics)
    return sum(_zombies(partition) for partition in partitions)


def _zombies(partition: Path) -> int:
    newest: dict[int, int] = {}
    open_records: dict[tuple[int, int], int] = {}
    found = 0
    for batch in _batches(partition):
        writer = batch.producer, batch.epoch
        stale = batch.epoch < newest.get(batch.producer, batch.epoch)
        newest[batch.producer] = max(batch.epoch, newest.get(batch.producer, batch.epoch))
        if not batch.marker:
            open_records[writer] = open_records.get(writer, 0) + batch.records * stale
        elif (records := open_records.pop(writer, 0)) or stale:
            found += batch.commits * max(records, 1)
    return found


def _batches(partition: Path) -> Iterator[Batch]:
    for segment in sorted(partition.glob("*.log")):
        raw = segment.read_bytes()
        start = 0
        while start + MARKER_AT + MARKER.size <= len(raw):
            head = HEAD.unpack_from(raw, start)
            length, attributes, producer, epoch, records = head[1], head[5], head[9], head[10], head[12]
            if attributes & TRANSACTIONAL:
                marker = bool(attributes & CONTROL)
                commits = marker and MARKER.unpack_from(raw, start + MARKER_AT)[0] == 1
                yield Batch(producer, epoch, marker, commits, records)
            start += UNCOUNTED + length
