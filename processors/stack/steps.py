"""Progress for a person who waits: what is being done now, and how long each step took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console


@contextmanager
def step(console: Console, text: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Show `text` with a running clock; yield what to call after each of `total` parts."""
    counter = () if total is None else (MofNCompleteColumn(),)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), *counter, TimeElapsedColumn())
    started = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(text, total=total)
        yield lambda: progress.advance(task)
    console.print(f"{text}: {time.monotonic() - started:.1f} s")
