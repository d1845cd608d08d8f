"""`stageline diff --live`: the running lifecycle's log, states and definition, as of one recorded place."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from processors import lifecycle
from processors.lifecycle_files import load_lifecycle
from processors.replay.compare import Comparison
from processors.replay.kept_log import KeptLog
from processors.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.engine.live_log import Snapshot
    from processors.lifecycle.plan import Plan


@contextmanager
def live_comparison(after: Plan) -> Iterator[tuple[Comparison, KeptLog, Snapshot]]:
    """Read the log into a file of its own that goes with it. Raises LifecycleError."""
    from processors.engine.live_log import take_snapshot  # noqa: PLC0415 - aiokafka takes a while to import

    settings = load_settings()
    before = load_lifecycle(settings.lifecycle)
    with NamedTemporaryFile(prefix="stageline-", suffix=".log") as kept:
        loop = asyncio.new_event_loop()  # not `asyncio.run`: it would leave Faust without a loop
        try:
            with _reading() as show:
                snapshot = loop.run_until_complete(take_snapshot(settings.bootstrap_servers, kept, show))
        finally:
            loop.close()
        log = KeptLog(Path(kept.name))
        yield Comparison(before, after, log, home=snapshot.home), log, snapshot


def tell_live(comparison: Comparison, snapshot: Snapshot) -> dict[str, Any]:
    """Say up to where the log was read, and how many contacts are not where the log puts them.

    To be asked for before clocks go on: until then the fold of the log is, byte for byte, what workers hold.
    """
    side = comparison.sides[0].replay
    folded = {
        contact_id.encode(): lifecycle.dump(side.plan_of(contact_id), contact)
        for contact_id, contact in side.contacts.items()
    }
    unlike = sum(folded.get(key) != snapshot.states.get(key) for key in {*folded, *snapshot.states})
    if unlike:
        click.echo(
            f"{unlike:,} of {len(snapshot.states):,} contacts are not in the state that {side.plan.id}@"
            f"{side.plan.version} comes to: set STAGELINE_LIFECYCLE to what the workers run.",
            err=True,
        )
    return {"offsets": snapshot.offsets, "contacts": len(snapshot.states), "unlike": unlike}


@contextmanager
def _reading() -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal while the log is read."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("reading contact-events"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)
