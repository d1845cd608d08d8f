"""`stageline promote`, `stageline rollback`: another definition takes over the live system."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from processors.cli.live import definition_of, promotion
from processors.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from processors.promotion.generation import Generation


@click.command()
@click.argument("lifecycle", metavar="[FILE]", required=False)
@click.option("--dry-run", is_flag=True, help="Say who would move and what sales would hear; write nothing.")
@click.option("--abort", is_flag=True, help="Give up what is being built. Nothing live is touched.")
@click.option(
    "--from-history",
    is_flag=True,
    help="Apply the file to all of history, even where it could take over in place.",
)
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: JSON, with all who move.")
def promote(lifecycle: str | None, *, dry_run: bool, abort: bool, from_history: bool, as_json: bool) -> None:
    """Let another lifecycle FILE decide, on the live system and for all contacts.

    It is built beside the live one, from all of history, and takes over at one place of each partition.
    Stages, segments and hand-offs are told only where they differ, each with `criteria_change` as its cause;
    no hand-off is sent twice. Until then nothing live is touched. Killed or interrupted, the same command
    goes on.

    A file that counts as the live one does, and differs in points, thresholds or deadlines only, takes over
    in place within seconds: contacts keep the stages they are in.
    """
    if abort == (lifecycle is not None):
        raise click.UsageError("Give a lifecycle file, or --abort.")
    if abort and (dry_run or from_history):
        raise click.UsageError("--abort goes alone: it gives up what is being built, whatever that is.")
    if as_json and not dry_run:
        raise click.UsageError("--json goes with --dry-run: without it this would be the promotion itself.")
    if lifecycle is None:
        gone = _run(lambda watch: promotion(load_settings(), watch).abort())
        click.echo(f"Generation {gone.number} ({gone.name}) is given up. Nothing live was touched.")
    elif dry_run:
        wanted = definition_of(lifecycle)
        found = _run(lambda watch: promotion(load_settings(), watch).dry_run(wanted, anew=from_history))
        told = found.as_json()
        if as_json:
            click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        else:
            _print(told)
    else:
        wanted = definition_of(lifecycle)
        _tell(_run(lambda watch: promotion(load_settings(), watch).promote(wanted, anew=from_history)))


@click.command()
def rollback() -> None:
    """Let the definition that was live before decide again: the same way, at new barriers.

    What sales was told since is taken back where the former definition disagrees, and nothing is sent twice.
    """
    _tell(_run(lambda watch: promotion(load_settings(), watch).rollback()))


def _tell(one: Generation) -> None:
    click.echo(f"Generation {one.number} ({one.name}) is live in all {len(one.barriers)} partitions.")
    click.echo(
        "If its stages are other ones, restart the projector, so that the funnel shows them.", err=True
    )


def _run(work: Any) -> Any:  # noqa: ANN401 - what the step returns
    with _watching() as watch:
        try:
            return asyncio.run(_of(work(watch)))
        except KeyboardInterrupt:
            raise click.ClickException(
                "Interrupted. The same command goes on, unless the barriers are written: then the workers do,"
                " without it. `stageline generations` shows where things stand."
            ) from None


async def _of(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - as above
    return await work


class _Watch:
    """Shows progress on stderr: a bar on a terminal, else a line per step."""

    def __init__(self, console: Console, bar: Progress) -> None:
        self._console, self._bar = console, bar
        self._task: Any = None
        self._what = ""

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)

    def show(self, what: str, done: int, total: int) -> None:
        if what != self._what:
            self._what = what
            self._task = self._bar.add_task(what, total=total)
            if not self._console.is_terminal:
                self.say(f"{what}: {done:,} of {total:,}")
        self._bar.update(self._task, completed=done, total=total)


@contextmanager
def _watching() -> Iterator[_Watch]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}"),
    )
    bar = Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    )
    with bar:
        yield _Watch(console, bar)


def _print(told: dict[str, Any]) -> None:
    console = Console()
    stages = Table("stage", "now", "then", "change", title="Contacts by stage", title_justify="left")
    for name, one in told["stages"].items():
        stages.add_row(name, f"{one['from']:,}", f"{one['to']:,}", f"{one['to'] - one['from']:+,}")
    title = f"{told['moved']:,} of {told['contacts']:,} contacts would be told to stand elsewhere"
    moves = Table("from", "to", "rule", "contacts", title=title, title_justify="left")
    for one in told["moves"]:
        moves.add_row(one["from"], one["to"], one["rule"], f"{one['contacts']:,}")
    console.print(stages)
    console.print(moves)
    handoffs = ", ".join(f"{count:,} {action}" for action, count in told["handoffs"].items()) or "nothing"
    console.print(f"Sales would hear: {handoffs}. Segment changes: {told['segment_changes']:,}.")
    console.print("Nothing was written. Without --dry-run it is done.")
