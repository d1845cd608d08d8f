"""The running system's log as a history to fold: kept in a file of its own until the command ends."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from processors.replay.kept_log import KeptLog
from processors.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.engine.live_log import Snapshot


@contextmanager
def live_history() -> Iterator[tuple[KeptLog, Snapshot]]:
    """Read contact-events up to where the workers' states are, and those states. Raises LifecycleError."""
    from processors.engine.live_log import take_snapshot  # noqa: PLC0415 - aiokafka takes a while to import

    bootstrap = load_settings().bootstrap_servers
    with NamedTemporaryFile(prefix="stageline-", suffix=".log") as kept:
        loop = asyncio.new_event_loop()  # not `asyncio.run`: it would leave Faust without a loop
        try:
            with _reading() as show:
                snapshot = loop.run_until_complete(take_snapshot(bootstrap, kept, show))
        finally:
            loop.close()
        yield KeptLog(Path(kept.name)), snapshot


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
