"""An archive to be replayed, once or several times: progress, and what is kept when it is interrupted."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from processors.replay.job import Job
from processors.replay.pool import jobs_for, replay_parts
from processors.replay.sources import TOPIC, open_history
from processors.settings import load_settings
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from processors.archive.folder import Archive
    from processors.lifecycle.plan import Plan
    from processors.replay.summary import Tally

    Show = Callable[[int, int, int], None]
    """Records read, done, to do."""


class Work:
    """An open archive, and passes over all of it. `passes`: how many there will be, for the bar.

    `purpose`: of files that the command changes afterwards, so that no other one goes on from them.
    """

    def __init__(
        self, archive: Archive, *, jobs: int | None, resume: bool, show: Show, purpose: str = ""
    ) -> None:
        self.archive, self.passes, self._purpose = archive, 1, purpose
        self._resume, self._show = resume, show
        self._home = load_settings().home / "replay"
        self._records = sum(one.records for one in archive.manifests.values())
        self._jobs = jobs or jobs_for(self._records)
        self._done = 0
        self._folders: set[Path] = set()

    def seen(self, records: int) -> None:
        """Show how far the present pass has come."""
        done = self._done + records
        self._show(done, done, self._records * self.passes)

    def end_pass(self) -> None:
        """Go on to the next one."""
        self._done += self._records

    def replay(
        self,
        plan: Plan,
        *,
        as_of: int | None,
        anew: bool,
        changes: bool = False,
        states: bool = False,
        packed: bool = False,
    ) -> tuple[Job, Tally]:
        """Replay all of it; what it came to is in the job's files until the work ends."""
        job = Job(
            plan=plan,
            archive=self.archive.root,
            # Named for what is replayed, so that --resume never takes something else for it.
            work=self._folder(
                *(plan.plan_hash, as_of, anew, changes, states, packed, self._purpose),
                *self.archive.manifests.values(),
            ),
            as_of=as_of,
            anew=anew,
            changes=changes,
            states=states,
            packed=packed,
        )
        tally = replay_parts(job, self.archive.manifests, self._jobs, self.seen)
        self.end_pass()
        return job, tally

    def remove_all(self) -> None:
        """Remove all files of this work."""
        for folder in self._folders:
            shutil.rmtree(folder)

    def _folder(self, *what: object) -> Path:
        folder = self._home / sha256("\n".join(map(str, what)).encode()).hexdigest()[:16]
        if not self._resume and folder not in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folders.add(folder)
        return folder


@contextmanager
def archive_work(events: str, *, jobs: int | None, resume: bool, purpose: str = "") -> Iterator[Work]:
    """Open a folder or the topic to replay it; `purpose`: see `Work`.

    Interrupted, it keeps what it has finished of a folder, and goes on from there with `resume`.
    Raises LifecycleError where the topic is to be resumed.
    """
    if events == TOPIC and resume:
        raise LifecycleError("The topic grows, so there is nothing to resume: archive it, and replay that.")
    bootstrap = load_settings().bootstrap_servers
    with archive_progress() as show, open_history(events, bootstrap, show) as archive:
        work = Work(archive, jobs=jobs, resume=resume, show=show, purpose=purpose)
        try:
            yield work
        except BaseException as error:
            if events == TOPIC:
                work.remove_all()
            elif isinstance(error, KeyboardInterrupt):
                click.echo("Interrupted. The same command with --resume keeps what is finished.", err=True)
            raise
    work.remove_all()


@contextmanager
def archive_progress() -> Iterator[Show]:
    """Show a bar with rate and time left; gives a function of records, done, total."""
    console = Console(stderr=True)
    bar = Progress(
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task, begun = bar.add_task("", total=None, counts=""), time.monotonic()

    def show(records: int, done: int, total: int) -> None:
        rate = records / max(time.monotonic() - begun, 0.001)
        bar.update(task, completed=done, total=total, counts=f"{records:,} records, {rate:,.0f}/s")

    with bar:
        yield show
