"""`stageline diff`: what another lifecycle would have made of the same events."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from processors.cli.diff_archive import archive_comparison
from processors.cli.diff_live import live_comparison
from processors.cli.diff_page import check_page, write_page
from processors.cli.log import (
    Refusals,
    allow_rejects_option,
    end,
    history_or_live_option,
    jobs_option,
    progress,
    resume_option,
)
from processors.cli.spreadsheet import write_csv
from processors.cli.when import When, iso
from processors.lifecycle_files import load_lifecycle
from processors.replay.compare import Comparison
from processors.replay.compared import Difference
from processors.replay.log_files import open_log
from processors.replay.sources import is_archive
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.lifecycle.plan import Plan
    from processors.replay.compared import Compared
    from processors.replay.log_files import LogFile

    Totals = dict[str, Any]

SHOWN = 50  # contacts in a table; json and csv have them all
MARKDOWN = re.compile(r"[\\`*<|]|(?<=\])\(")  # markup that an id could hold; `_` within a word is none
PIPED = 160  # characters of a table that no terminal shows: room for a visitor's id, stages and a rule


@click.command()
@click.option("--from", "before", metavar="FILE", help="The lifecycle of now.")
@click.option("--to", "after", required=True, metavar="FILE", help="The lifecycle to be.")
@history_or_live_option
@click.option(
    "--live", is_flag=True, help="Compare with the running lifecycle, on its own log up to where it is now."
)
@click.option("--as-of", type=When(), help="Advance all clocks to this time. Default: the last event.")
@allow_rejects_option
@jobs_option
@resume_option
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "csv", "md")),
    default="table",
    help="How to print it.",
    show_default=True,
)
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT.html",
    help="Write a page for people, all differences as OUT.csv beside it, instead of printing.",
)
def diff(before: str | None, after: str, events: str | None, **options: Any) -> None:  # noqa: ANN401 - the options above
    """List who would stand elsewhere under another lifecycle, by which rule, and the totals.

    Give --from and --events, or --live alone. Contacts by stage and hand-offs per day come with table, json
    and md; csv has one line per difference. Nothing is changed.
    """
    if options["resume"] and (events is None or not is_archive(events)):
        raise LifecycleError("--resume is for an archive: `stageline archive` makes one.")
    if options["page"] is not None:
        check_page(options["page"], {"--from": before, "--to": after, "--events": events})
    if options["live"] and before is None and events is None:
        with live_comparison(load_lifecycle(after), options) as (compared, live):
            refused = _tell(compared, options, {"live": live})
    elif not options["live"] and before is not None and events is not None:
        refused = _compare(load_lifecycle(before), load_lifecycle(after), events, options)
    else:
        raise click.UsageError("Give --from and --events, or --live without both.")
    end(refused, allowed=options["allow_rejects"])


def _compare(before: Plan, after: Plan, events: str, options: dict[str, Any]) -> int:
    if is_archive(events):
        with archive_comparison(before, after, events, options) as compared:
            return _tell(compared, options, {})
    else:
        with open_log(events) as file:
            comparison = Comparison(before, after, file)
            _fold(comparison, file)
            comparison.finish(options["as_of"])
            return _tell(comparison, options, {})


def _fold(comparison: Comparison, log: LogFile) -> None:
    with progress(log, comparison) as watch:
        for _event in watch(comparison.fold(Refusals())):
            pass


def _tell(comparison: Compared, options: dict[str, Any], more: Totals) -> int:
    """Show it as wanted; return how many lines were refused."""
    if options["page"] is not None:
        write_page(options["page"], comparison)
        click.echo(f"{options['page']}: open it in a browser.", err=True)
    else:
        _PRINTERS[options["form"]](comparison.differences(), {**comparison.totals(), **more})
    return comparison.refused


def _as_json(differences: list[Difference], totals: Totals) -> None:
    told = {**totals, "differences": [asdict(one) for one in differences]}
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _as_csv(differences: list[Difference], _totals: Totals) -> None:
    write_csv(sys.stdout, Difference, differences)


def _as_table(differences: list[Difference], totals: Totals) -> None:
    console = Console(width=None if sys.stdout.isatty() else PIPED)
    for title, header, lines in _tables(differences, totals):
        table = Table(title=title, title_justify="left")
        for name in header:
            table.add_column(name, overflow="fold")  # ids are there to be copied: none is cut short
        for line in lines:
            table.add_row(*map(escape, line))
        console.print(table)


def _as_markdown(differences: list[Difference], totals: Totals) -> None:
    for title, header, lines in _tables(differences, totals):
        click.echo(f"### {title}\n")
        click.echo(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
        for line in lines:
            cells = (MARKDOWN.sub(r"\\\g<0>", cell) for cell in line)
            click.echo(f"| {' | '.join(cells)} |")
        click.echo()


def _tables(
    differences: list[Difference], totals: Totals
) -> list[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Title, header and lines of each table, for people."""
    stages, handoffs = totals["stages"], totals["handoffs"]
    more = f" (the first {SHOWN})" if len(differences) > SHOWN else ""
    moved = f"{totals['moved']:,} of {totals['contacts']:,} contacts would stand elsewhere"
    return [
        (
            "Contacts by stage",
            ("stage", "from", "to", "change"),
            [_change(name, one) for name, one in stages.items()],
        ),
        (
            moved,
            ("from", "to", "rule", "contacts"),
            [(one["from"], one["to"], one["rule"], f"{one['contacts']:,}") for one in totals["moves"]],
        ),
        (
            f"Hand-offs: {handoffs['from']:,} → {handoffs['to']:,}",
            ("day", "from", "to", "change"),
            [_change(day, one) for day, one in handoffs["by_day"].items() if one["from"] != one["to"]],
        ),
        (
            f"Contacts{more}",
            ("contact", "track", "from", "to", "rule", "since"),
            [_contact(one) for one in differences[:SHOWN]],
        ),
    ]


def _change(name: str, one: dict[str, int]) -> tuple[str, ...]:
    return name, f"{one['from']:,}", f"{one['to']:,}", f"{one['to'] - one['from']:+,}"


def _contact(one: Difference) -> tuple[str, ...]:
    since = "" if one.since is None else iso(one.since)
    return one.contact_id, one.track, one.from_stage, one.to_stage, one.rule_to or one.rule_from, since


_PRINTERS: dict[str, Callable[[list[Difference], Totals], None]] = {
    "table": _as_table,
    "json": _as_json,
    "csv": _as_csv,
    "md": _as_markdown,
}
