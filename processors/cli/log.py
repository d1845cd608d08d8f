"""What the commands on files of events share: options, progress, refused lines on standard error."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from processors.feeds.items import Refused

SHOWN = 20  # refused lines printed; the count has them all

lifecycle_option = click.option(
    "--lifecycle",
    envvar="STAGELINE_LIFECYCLE",
    default="buyers-journey",
    show_default=True,
    help="Lifecycle file, or a preset's name.",
)
_events = partial(
    click.option,
    "--events",
    metavar="FILE|-|FOLDER|topic",
    help="Events in log order: NDJSON (plain or gzip), an Avro container file, - for standard input; or "
    "a recorded log: an archive's folder, or contact-events itself.",
)
history_option = _events(required=True)
history_or_live_option = _events()
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Processes for the partitions of an archive.  [default: one per core; one alone for few records]",
)
resume_option = click.option(
    "--resume", is_flag=True, help="Keep the partitions that an interrupted replay has finished."
)
recorded_option = click.option(
    "--recorded",
    is_flag=True,
    help="The file is a partition of contact-events as it stands, with clock records and transfers.",
)
allow_rejects_option = click.option(
    "--allow-rejects", is_flag=True, help="Exit with 0 although lines were refused."
)


def end(refused: int, *, allowed: bool) -> NoReturn:
    """Say how many lines were refused, if any; the exit code is 1 then, unless that is allowed."""
    if refused:
        click.echo(f"Lines refused: {refused:,}.", err=True)
    sys.exit(int(refused > 0 and not allowed))


class Refusals:
    """Prints the first refused lines, and says that there were more; `kept`: the file that has them all."""

    def __init__(self, console: Console | None = None, kept: Path | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._more = "… and more" if kept is None else f"… and more, all in {kept}"
        self._count = 0

    def __call__(self, refused: Refused) -> None:
        """Take one."""
        self._count += 1
        if self._count <= SHOWN:
            self._console.print(f"line {refused.line}: {refused.reason}", markup=False)
        elif self._count == SHOWN + 1:
            self._console.print(self._more, markup=False)


class Counts(Protocol):
    """What a bar shows."""

    events: int


class Sized(Protocol):
    """A log being read: how many bytes it has, and how many of them were read."""

    size: int
    done: Callable[[], int]


Passing = TypeVar("Passing")


@contextmanager
def progress(log: Sized, run: Counts) -> Iterator[Callable[[Iterable[Passing]], Iterator[Passing]]]:
    """Show a bar on a terminal, nothing in a pipe; gives a function that passes things on."""
    console = Console(stderr=True)
    bar = Progress(
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task, begun = bar.add_task("", total=log.size, counts=""), time.monotonic()

    def watch(passing: Iterable[Passing]) -> Iterator[Passing]:
        due = begun
        for one in passing:
            yield one
            if time.monotonic() - due >= 1:
                due = time.monotonic()
                rate = run.events / (due - begun)
                bar.update(task, completed=log.done(), counts=f"{run.events:,} events, {rate:,.0f}/s")

    with bar:
        yield watch
