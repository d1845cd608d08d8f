"""Replaying an archive: progress, and what is kept of it when it is interrupted."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from processors.replay.job import Job
from processors.replay.parts import part_files
from processors.replay.pool import replay_parts
from processors.replay.sources import TOPIC, open_history
from processors.settings import load_settings
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from processors.archive.folder import Archive
    from processors.lifecycle.plan import Plan
    from processors.replay.summary import Tally


def replay_archive(plan: Plan, events: str, options: dict[str, Any]) -> Tally:
    """Replay a folder or the topic; gives what it came to.

    Interrupted, it keeps what it has finished, and goes on from there with `resume`. Of a topic it keeps
    nothing: raises LifecycleError.
    """
    settings = load_settings()
    if events == TOPIC and options["resume"]:
        raise LifecycleError("The topic grows, so there is nothing to resume: archive it, and replay that.")
    with archive_progress() as show, open_history(events, settings.bootstrap_servers, show) as archive:
        job = _job(plan, archive, settings.home, options)
        if not options["resume"]:
            shutil.rmtree(job.work, ignore_errors=True)
        job.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        total = sum(one.records for one in archive.manifests.values())
        try:
            tally = replay_parts(
                job, archive.manifests, options["jobs"], lambda done: show(done, done, total)
            )
        except KeyboardInterrupt:
            click.echo("Interrupted. The same command with --resume keeps what is finished.", err=True)
            raise
        _collect(options["changes"], part_files(job, "changes", archive.manifests))
        _collect(options["states"], part_files(job, "states", archive.manifests))
    shutil.rmtree(job.work)
    return tally


@contextmanager
def archive_progress() -> Iterator[Callable[[int, int, int], None]]:
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


def _job(plan: Plan, archive: Archive, home: Path, options: dict[str, Any]) -> Job:
    """Name the work folder for what is replayed, so that --resume never takes something else for it."""
    asked = [options[name] is not None for name in ("changes", "states")]
    what = [plan.plan_hash, options["as_of"], options["anew"], *asked, *archive.manifests.values()]
    name = sha256("\n".join(map(str, what)).encode()).hexdigest()[:16]
    return Job(
        plan=plan,
        archive=archive.root,
        work=home / "replay" / name,
        as_of=options["as_of"],
        anew=options["anew"],
        changes=asked[0],
        states=asked[1],
    )


def _collect(into: Path | None, parts: Iterable[Path]) -> None:
    """Put the partitions' files together, one after the other."""
    if into is None:
        return
    with into.open("wb") as out:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, out)
