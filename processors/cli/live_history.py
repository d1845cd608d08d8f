"""The running system's log, archived up to where its workers are, until the command ends."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from processors.archive.copy import Copy
from processors.cli.archive_work import Work, archive_progress
from processors.event_loop import complete
from processors.replay.passing_folder import passing_folder
from processors.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processors.archive.folder import Archive
    from processors.cli.archive_work import Show
    from processors.engine.live_log import Snapshot


@contextmanager
def live_work(*, jobs: int | None) -> Iterator[tuple[Work, Snapshot]]:
    """Read contact-events up to where the workers' states are, and those states. Raises LifecycleError."""
    with passing_folder("stageline-live-") as folder, archive_progress() as show:
        archive, snapshot = _archive_live(folder, show)
        work = Work(archive, jobs=jobs, resume=False, show=show)
        try:
            yield work, snapshot
        finally:
            work.remove_all()


def _archive_live(root: Path, show: Show) -> tuple[Archive, Snapshot]:
    from processors.engine.live_log import take_snapshot  # noqa: PLC0415 - aiokafka takes a while to import

    bootstrap, copy = load_settings().bootstrap_servers, Copy(root)
    snapshot = complete(take_snapshot(bootstrap, copy.begin, lambda a, b: show(a, a, b)))
    return copy.finish(), snapshot
