"""`stageline companies`: how many companies are in each stage, and which came there last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from processors.cli.words import NOTHING, console, moment, reading
from projections.views.companies import read_companies

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@click.option("-n", "most", default=5, show_default=True, type=click.IntRange(1), help="Of each stage.")
def companies(most: int, *, as_json: bool) -> None:
    """Show companies by stage: how many are there now, and those that came last.

    There are some where the lifecycle file has `company`, and events name one under `company_id`.
    """
    with reading() as view:
        found = read_companies(view.ask, most)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    console().print(_table(found))
    click.echo(f"{found['staged']} of {found['companies']} companies have a stage.")


def _table(found: Mapping[str, Any]) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("stage")
    table.add_column("owner")
    table.add_column("now", justify="right")
    table.add_column("since")
    table.add_column("company")
    for stage in found["stages"]:
        row = Text(stage["stage"], "dim" if stage["detour"] else "bold"), Text(stage["owner"] or NOTHING)
        first, *others = stage["newest"] or [{"company_id": "", "since": None}]
        table.add_row(*row, str(stage["now"]), moment(first["since"]), Text(first["company_id"]))
        for one in others:
            table.add_row("", "", "", moment(one["since"]), Text(one["company_id"]))
    return table
