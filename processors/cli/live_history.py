"""The running system's log, archived up to where its workers are, until the command ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from processors.archive.folder import make_archive, open_archive
from processors.archive.manifest import About
from processors.archive.writer import Writer
from processors.cli.archive_work import Work, archive_progress
from processors.event_loop import complete
from processors.replay.passing_folder import passing_folder
from processors.replay.sources import PACE
from processors.settings import load_settings
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from processors.cli.archive_work import Show
    from processors.engine.batch import Record
    from processors.engine.live_log import Keep, Snapshot


@contextmanager
def live_work(*, jobs: int | None) -> Iterator[tuple[Work, Snapshot]]:
    """Read contact-events up to where the workers' states are, and those states. Raises LifecycleError."""
    with passing_folder("stageline-live-") as folder, archive_progress() as show:
        snapshot = _archive_live(folder, show)
        work = Work(open_archive(folder), jobs=jobs, resume=False, show=show)
        try:
            yield work, snapshot
        finally:
            work.remove_all()


def _archive_live(root: Path, show: Show) -> Snapshot:
    from processors.engine.live_log import take_snapshot  # noqa: PLC0415 - aiokafka takes a while to import

    writers: list[Writer] = []

    def begin(partitions: int) -> Keep:
        archive = make_archive(root, About(topic=CONTACT_EVENTS.name, partitions=partitions))
        writer = Writer(archive, PACE, forgets=False)  # the workers' states know of who was erased
        writers.append(writer)

        def keep(partition: int, records: Iterable[Record], end: int) -> None:
            writer.take(partition, records, end)
            writer.settle()

        return keep

    bootstrap = load_settings().bootstrap_servers
    snapshot = complete(take_snapshot(bootstrap, begin, lambda a, b: show(a, a, b)))
    for writer in writers:
        writer.flush()
    return snapshot
