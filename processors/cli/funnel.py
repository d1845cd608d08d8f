"""`stageline funnel`: contacts by stage, conversion from rung to rung or by cohort, and time in stage."""

from __future__ import annotations

import json
from time import time
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from processors.cli.cohorts import cohort_table
from processors.cli.period_options import period_of, period_options
from processors.cli.when import Span
from processors.cli.words import NOTHING, console, reading, share, span, stage_name
from projections.periods import EVER
from projections.views.cohorts import read_cohorts
from projections.views.funnel import read_funnel

if TYPE_CHECKING:
    from collections.abc import Mapping

BAR = 24  # characters of the widest bar: the table then fits 100 columns


@click.command()
@click.option(
    "--within",
    type=Span(),
    metavar="30d",
    help="Conversion by cohort: of those who came to a stage in the period, who came to the next in time.",
)
@period_options
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def funnel(within: int | None, since: int | None, until: int | None, *, as_json: bool) -> None:
    """Show the funnel: who is in each stage now, who ever was, conversion, and time in stage.

    Conversion is the share of those who ever were in the stage above that came to this one. Times count
    contacts that are still there with their time so far.

    With --within, conversion counts only contacts for whom that time is over; the others are shown apart.
    """
    period, now = period_of(since, until), int(time() * 1000)
    if within is None and period != EVER:
        raise click.UsageError(
            "--since and --until choose a cohort: say --within how long it has, such as 30d."
        )
    with reading() as view:
        found = read_funnel(view.ask, now) if within is None else read_cohorts(view.ask, now, within, period)
        held = view.held()
    if as_json:
        click.echo(json.dumps({**found, "held": held}, ensure_ascii=False))
        return
    if within is None:
        console().print(_table(found))
        click.echo(f"{found['staged']} of {found['contacts']} contacts have a stage.")
    else:
        console().print(cohort_table(found))
    if held:
        click.echo(f"{held} changes wait for an earlier one that is missing from the log.", err=True)


def _table(found: Mapping[str, Any]) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("stage")
    table.add_column("owner")
    for name in ("now", "ever", ""):
        table.add_column(name, justify="left" if not name else "right")
    for name in ("conversion", "p50", "p75", "p90"):
        table.add_column(name, justify="right")
    most = max((stage["reached"] for stage in found["stages"]), default=0)
    for stage in found["stages"]:
        table.add_row(*_row(stage, most))
    return table


def _row(stage: Mapping[str, Any], most: int) -> tuple[str | Text, ...]:
    width = stage["reached"] / most if most else 0
    times = stage["time"] or {}
    return (
        Text(stage_name(stage), "dim" if stage["detour"] else "bold"),
        Text(stage["owner"] or NOTHING),
        str(stage["now"]),
        str(stage["reached"]),
        Text("█" * round(width * BAR), "cyan"),
        share(stage["conversion"]),
        *(span(times[p]) if p in times else NOTHING for p in ("p50", "p75", "p90")),
    )
