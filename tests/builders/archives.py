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
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from processors.engine.batch import Record

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

    def archive(self, pieces: int = 1) -> Archive:
        """Archive all there is so far, in so many flushes."""
        writer = Writer(make_archive(self.root, self.about), LEISURELY)
        starts = {n: one.next_offset for n, one in writer.archive.manifests.items()}
        for piece in range(pieces):
            for partition, start in starts.items():
                rest = self.records[partition][start:]
                cut = slice(len(rest) * piece // pieces, len(rest) * (piece + 1) // pieces)
                writer.take(partition, rest[cut], start + cut.stop)
            writer.flush()
        return make_archive(self.root, self.about)

    def rows(self) -> Iterable[tuple[int, Sequence[Record]]]:
        return sorted(self.records.items())
