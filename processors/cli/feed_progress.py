"""Progress of a feeding command on standard error, and the refusals as they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from processors.cli.log import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from rich.console import Console

    from processors.feeds.items import Item, Refused
    from processors.feeds.lines import Input
    from processors.feeds.rejects import Rejects
    from processors.feeds.transfer import Tally


class FeedProgress:
    """A bar on a terminal, nothing in a pipe. `each_second` is called while items are watched."""

    def __init__(self, console: Console, source: Input, rejects: Rejects, tally: Tally) -> None:
        self._source, self._rejects, self._tally = source, rejects, tally
        self._tell = Refusals(console, rejects.file)
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=source.size, counts="")
        self.each_second: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """Pass items on, moving the bar once a second."""
        begun = due = time.monotonic()
        for item in items:
            yield item
            now = time.monotonic()
            if now - due >= 1:
                due = now
                self._show(now - begun)
                self.each_second()

    def refuse(self, refused: Refused) -> None:
        """Keep a refused line, and show the first few."""
        self._rejects.write(refused)
        self._tell(refused)

    def _show(self, seconds: float) -> None:
        tally = self._tally
        counts = f"{tally.events:,} events, {tally.refused:,} refused, {tally.line / seconds:,.0f} lines/s"
        self._bar.update(self._task, completed=self._source.position(), counts=counts)
