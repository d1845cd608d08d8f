"""`stageline handoffs`: the board of hand-offs, open ones by deadline first; or how they were answered."""

from __future__ import annotations

import json
from time import time
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from processors.cli.answers import answer_lines
from processors.cli.period_options import period_of, period_options
from processors.cli.words import NOTHING, console, moment, points, reading, span
from projections.periods import EVER
from projections.views.answers import read_answers
from projections.views.handoffs import STATUSES, read_board

if TYPE_CHECKING:
    from collections.abc import Mapping

COLOURS = {"open": "cyan", "accepted": "green", "rejected": "yellow", "expired": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@click.option(
    "-n", "most", default=20, show_default=True, type=click.IntRange(1), help="Cards per status; reasons."
)
@click.option(
    "--figures", is_flag=True, help="Instead: shares accepted and answered in time, reasons, returns."
)
@period_options
def handoffs(most: int, since: int | None, until: int | None, *, figures: bool, as_json: bool) -> None:
    """Show the hand-offs: open ones by deadline, then how the latest others ended.

    With --figures: how those that ended in the period did, and what came of the contacts sent back in it.
    """
    period, now = period_of(since, until), int(time() * 1000)
    if period != EVER and not figures:
        raise click.UsageError("--since and --until are about figures: say --figures, too.")
    if figures:
        with reading() as view:
            found = read_answers(view.ask, now, period, most)
        click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(answer_lines(found)))
        return
    with reading() as view:
        board = read_board(view.ask, most)
    if as_json:
        click.echo(json.dumps(board, ensure_ascii=False))
        return
    out = console()
    out.print(_table(board, now, fill=out.is_terminal))
    click.echo(", ".join(f"{count} {status}" for status, count in board["counts"].items()))


def _table(board: Mapping[str, Any], now: int, *, fill: bool) -> Table:
    table = Table(box=None, header_style="dim", expand=fill)
    for name in ("status", "contact", "hand-off", "score", "answer by"):
        table.add_column(name, no_wrap=True)
    table.add_column("what happened", no_wrap=True, ratio=1)  # the one that is cut when there is no room
    for status in STATUSES:
        for card in board[status]:
            table.add_row(*_row(card, now))
    return table


def _row(card: Mapping[str, Any], now: int) -> tuple[Text, ...]:
    answer = ": ".join(card[name] for name in ("actor", "reason") if name in card)
    return (
        Text(card["status"], COLOURS.get(card["status"], "")),
        Text(card["contact_id"], "bold") if "contact_id" in card else Text("erased", "dim"),
        Text(f"{card['stage']} → {card['to']}"),
        Text(points(card.get("total"))),
        _deadline(card, now),
        Text(answer or card.get("summary", ""), "dim"),
    )


def _deadline(card: Mapping[str, Any], now: int) -> Text:
    due = card.get("accept_by")
    if due is None:
        return Text(NOTHING)
    if card["status"] != "open":
        return Text(moment(due), "dim")
    if due < now:
        return Text(f"{moment(due)} (overdue {span(now - due)})", "bold red")
    return Text(f"{moment(due)} (in {span(due - now)})")
