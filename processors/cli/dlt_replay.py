"""`stageline dlt replay`: put original records back where they came from, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from processors.cli.dlt_selection import Id, selecting
from processors.dead_letters.letter import Letter
from processors.dead_letters.selection import Selection
from processors.dead_letters.topic import marks, read
from processors.settings import load_settings
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.dead_letters.letter import LetterId


@click.command
@click.argument("ids", metavar="[ID]...", nargs=-1, type=Id())
@selecting
@click.option("--all", "everything", is_flag=True, help="Every letter that was not replayed.")
@click.option("--again", is_flag=True, help="Also letters that were replayed before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(ids: tuple[LetterId, ...], *, everything: bool, again: bool, yes: bool, **conditions: Any) -> None:  # noqa: ANN401 - of Selection
    """Put the original records (key, value, headers) at the end of the topic and partition they came from.

    Each is put back and marked as replayed in one transaction. Prints the ids of those replayed. A record
    that is refused again becomes a new letter.
    """
    if not everything and not ids and not any(conditions.values()):
        raise click.UsageError("Say which: ids, conditions, or --all.")
    chosen = Selection(ids=frozenset(ids), state="all" if again else "open", **conditions)
    bootstrap = load_settings().bootstrap_servers
    letters = {letter.id: letter.topic for letter in _chosen(bootstrap, chosen)}
    _check(ids, letters)
    _confirm(letters, yes=yes)
    _redeliver(bootstrap, Selection(ids=frozenset(letters), state=chosen.state))


def _chosen(bootstrap: str, chosen: Selection) -> Iterator[Letter]:
    replayed = marks(bootstrap)
    return (one for one in read(bootstrap) if isinstance(one, Letter) and chosen.has(one, replayed))


def _check(ids: tuple[LetterId, ...], letters: dict[LetterId, str]) -> None:
    if missing := [str(one) for one in ids if one not in letters]:
        raise LifecycleError(
            f"Not there, replayed already, or left out by a condition: {', '.join(missing)}."
            " `stageline dlt list` tells which; --again replays once more. Nothing was replayed."
        )
    if not letters:
        raise LifecycleError("No letter that was not replayed fits. `stageline dlt list` shows them all.")


def _confirm(letters: dict[LetterId, str], *, yes: bool) -> None:
    targets = ", ".join(f"{count} to {topic}" for topic, count in sorted(Counter(letters.values()).items()))
    click.echo(f"To be replayed: {targets}.", err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)


def _redeliver(bootstrap: str, chosen: Selection) -> None:
    from processors.engine.redelivery import redeliver  # noqa: PLC0415 - aiokafka takes a while to import

    done: list[LetterId] = []

    def report(letter: Letter) -> None:
        click.echo(letter.id)
        done.append(letter.id)

    try:
        asyncio.run(redeliver(bootstrap, lambda: _chosen(bootstrap, chosen), report))
    finally:
        click.echo(f"{len(done)} of {len(chosen.ids)} replayed.", err=True)
