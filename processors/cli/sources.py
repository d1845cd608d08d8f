"""`stageline sources`: by which source those who reached each stage came."""

from __future__ import annotations

import json
from time import time
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from processors.cli.period_options import period_of, period_options
from processors.cli.words import console, reading, share, stage_name
from projections.views.sources import TOUCHES, read_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@click.command()
@period_options
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@click.option("-n", "most", default=5, show_default=True, type=click.IntRange(1), help="Sources per stage.")
def sources(since: int | None, until: int | None, most: int, *, as_json: bool) -> None:
    """Show by which source those who reached each stage came, of those who first reached it in the period.

    Three times: by the first touch, by the last one before the stage, and by the touch that led into it.
    """
    period = period_of(since, until)
    with reading() as view:
        found = read_sources(view.ask, int(time() * 1000), period, most)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    console().print(_table(found))


def _table(found: Mapping[str, Any]) -> Table:
    table = Table(box=None, header_style="dim")
    for name in ("stage", "source"):
        table.add_column(name)
    for name in TOUCHES:
        table.add_column(f"{name} touch", justify="right")
    for stage in found["stages"]:
        for row in _rows(stage):
            table.add_row(*row)
    return table


def _rows(stage: Mapping[str, Any]) -> Iterator[tuple[Text, ...]]:
    total = stage["reached"]
    name = Text(stage_name(stage), "dim" if stage["detour"] else "bold")
    yield name, Text("all", "dim"), *(Text(str(total), "dim") for _ in TOUCHES)
    for one in stage["sources"]:
        yield Text(""), _source(one["source"]), *_counts(one, total)
    if any(stage["others"].values()):
        yield Text(""), Text("other sources", "dim"), *_counts(stage["others"], total)


def _source(source: str | None) -> Text:
    return Text("none told", "dim") if source is None else Text(source)


def _counts(one: Mapping[str, int], total: int) -> Iterator[Text]:
    return (Text(f"{one[touch]} {share(one[touch] / total):>6}") for touch in TOUCHES)
