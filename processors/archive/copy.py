"""A log on its way into an archive, for as long as a command works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.archive.folder import make_archive, open_archive
from processors.archive.manifest import About
from processors.archive.writer import BY_MEMORY, Writer
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from processors.archive.folder import Archive
    from processors.engine.batch import Record


class Copy:
    """Takes contact-events as `engine/live_log.py` and `closed_log.py` read it, whoever was erased since."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._writer: Writer | None = None

    def begin(self, partitions: int) -> Callable[[int, Iterable[Record], int], None]:
        """Begin, with so many partitions; returns what takes records of one, read up to an offset."""
        archive = make_archive(self._root, About(topic=CONTACT_EVENTS.name, partitions=partitions))
        self._writer = writer = Writer(archive, BY_MEMORY, forgets=False)

        def keep(partition: int, records: Iterable[Record], end: int) -> None:
            writer.take(partition, records, end)
            writer.settle()

        return keep

    def finish(self) -> Archive:
        """Write the rest, and open what there is."""
        if self._writer is not None:
            self._writer.flush()
        return open_archive(self._root)
