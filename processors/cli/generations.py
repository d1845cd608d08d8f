"""`stageline generations`: the definitions that are, were, or may become live."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from processors.cli.live import promotion
from processors.cli.when import iso
from processors.event_loop import complete
from processors.promotion.generation import newest
from processors.settings import load_settings

if TYPE_CHECKING:
    from processors.promotion.generation import Generation


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
@click.option("--text", type=int, metavar="N", help="Print the lifecycle file of generation N.")
def generations(*, as_json: bool, text: int | None) -> None:
    """List every definition by number: which is live, being built, on its way, retired or given up."""
    found = complete(_look())
    if text is not None:
        chosen = [one for one, _state, _left in found if one.number == text]
        if not chosen:
            raise click.ClickException(f"There is no generation {text}.")
        click.echo(chosen[0].text, nl=False)
    elif as_json:
        for row in found:
            click.echo(json.dumps(_facts(*row)))
    else:
        table = Table("generation", box=None)
        for name in ("definition", "state", "since", "plan", "way"):
            table.add_column(
                name, overflow="fold"
            )  # whole on a narrow screen, too: they are there to be copied
        for row in found:
            table.add_row(*_columns(*row))
        Console().print(table)


async def _look() -> list[tuple[Generation, str, int]]:
    """Every generation, its state, and how many partitions have not passed its barrier."""
    one = promotion(load_settings(), _Silent())
    known = await one.known()
    live = newest(known.values())
    left = len(await one.left(live)) if live is not None else 0
    return [(each, _state(each, live, left), left if each is live else 0) for each in known.values()]


class _Silent:
    def say(self, text: str) -> None:
        """Say nothing."""

    def show(self, what: str, done: int, total: int) -> None:
        """Show nothing."""


def _state(one: Generation, live: Generation | None, left: int) -> str:
    if one.status != "switched":
        return one.status
    if one is live:
        return "on its way" if left else "live"
    former = live is not None and live.replaces == one.number and left
    return "live until passed" if former else "retired"


def _facts(one: Generation, state: str, left: int) -> dict[str, Any]:
    return {
        "generation": one.number,
        "definition": one.name,
        "state": state,
        "since": one.at,
        "plan_hash": one.plan_hash,
        "shape_hash": one.shape_hash,
        "replaces": one.replaces,
        "in_place": one.in_place,
        "partitions_left": left,
        "barriers": one.barriers,
    }


def _columns(one: Generation, state: str, left: int) -> tuple[str, ...]:
    way = "" if one.replaces is None else "in place" if one.in_place else "from history"
    told = f"{state} ({left} of {len(one.barriers)} partitions left)" if left else state
    return (
        str(one.number),
        one.name,
        told,
        iso(one.at) if one.at else "the beginning",
        one.plan_hash[:12],
        way,
    )
