"""The running system's log, archived up to where its workers are, until the command ends."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from processors.archive.folder import make_archive, open_archive
from processors.archive.manifest import About
from processors.archive.writer import Writer
from processors.cli.archive_work import Work, archive_progress
from processors.replay.sources import PACE
from processors.settings import load_settings
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.cli.archive_work import Show
    from processors.engine.batch import Record
    from processors.engine.live_log import Keep, Snapshot


@contextmanager
def live_work(*, jobs: int | None) -> Iterator[tuple[Work, Snapshot]]:
    """Read contact-events up to where the workers' states are, and those states. Raises LifecycleError."""
    with TemporaryDirectory(prefix="stageline-live-") as folder, archive_progress() as show:
        snapshot = _archive_live(Path(folder), show)
        work = Work(open_archive(Path(folder)), jobs=jobs, resume=False, show=show)
        try:
            yield work, snapshot
        finally:
            work.remove_all()


def _archive_live(root: Path, show: Show) -> Snapshot:
    from processors.engine.live_log import take_snapshot  # noqa: PLC0415 - aiokafka takes a while to import

    loop, writers = (
        asyncio.new_event_loop(),
        list[Writer](),
    )  # not `asyncio.run`: it would leave Faust without a loop

    def begin(partitions: int) -> Keep:
        archive = make_archive(root, About(topic=CONTACT_EVENTS.name, partitions=partitions))
        writer = Writer(archive, PACE, forgets=False)  # the workers' states know of who was erased
        writers.append(writer)

        def keep(partition: int, records: Iterable[Record], end: int) -> None:
            writer.take(partition, records, end)
            writer.settle()

        return keep

    try:
        bootstrap = load_settings().bootstrap_servers
        snapshot = loop.run_until_complete(take_snapshot(bootstrap, begin, lambda a, b: show(a, a, b)))
    finally:
        loop.close()
    for writer in writers:
        writer.flush()
    return snapshot
