"""Archives of records made up in a test."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from processors.archive.folder import Archive, make_archive
from processors.archive.manifest import About
from processors.archive.writer import Pace, Writer
from schemas.topics import CONTACT_EVENTS
from tests.builders.records import FetchedRecord

if TYPE_CHECKING:
    from pathlib import Path

    from tests.builders.kafka import Row

LEISURELY = Pace(limit=1 << 30, every=1e9)


class Topic:
    """Records of contact-events as they come, each on its partition at its next offset."""

    def __init__(self, root: Path, partitions: int = 2) -> None:
        self.root, self.partitions = root, partitions
        self.about = About(topic=CONTACT_EVENTS.name, partitions=partitions)
        self.records: dict[int, list[FetchedRecord]] = defaultdict(list)
        self._home = make_archive(root, self.about).home_of

    def add(self, key: bytes, value: bytes, partition: int | None = None) -> FetchedRecord:
        partition = self._home(key) if partition is None else partition
        offset = len(self.records[partition])
        record = FetchedRecord(
            key=key or None, value=value, offset=offset, topic=self.about.topic, partition=partition
        )
        self.records[partition].append(record)
        return record

    def add_row(self, row: Row) -> None:
        """Add a record of a real topic, whose offsets have gaps where transactions end."""
        self.records[row.partition].append(
            FetchedRecord(
                key=row.key or None,
                value=row.value,
                offset=row.offset,
                topic=self.about.topic,
                partition=row.partition,
            )
        )

    def archive(self, pieces: int = 1) -> Archive:
        """Archive all there is so far, in so many flushes."""
        writer = Writer(make_archive(self.root, self.about), LEISURELY)
        starts = {n: one.next_offset for n, one in writer.archive.manifests.items()}
        rests = {n: [one for one in self.records[n] if one.offset >= start] for n, start in starts.items()}
        for piece in range(pieces):
            for partition, rest in rests.items():
                cut = rest[len(rest) * piece // pieces : len(rest) * (piece + 1) // pieces]
                if cut:
                    writer.take(partition, cut, cut[-1].offset + 1)
            writer.flush()
        return make_archive(self.root, self.about)
