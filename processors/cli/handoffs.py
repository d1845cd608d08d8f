"""`stageline handoffs`: the board of hand-offs, open ones by deadline first."""

from __future__ import annotations

import json
from time import time
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from processors.cli.words import NOTHING, console, moment, points, reading, span
from projections.views.handoffs import STATUSES, read_board

if TYPE_CHECKING:
    from collections.abc import Mapping

COLOURS = {"open": "cyan", "accepted": "green", "rejected": "yellow", "expired": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@click.option("-n", "most", default=20, show_default=True, type=click.IntRange(1), help="Cards per status.")
def handoffs(most: int, *, as_json: bool) -> None:
    """Show the hand-offs: open ones by deadline, then how the latest others ended."""
    with reading() as view:
        board = read_board(view.ask, most)
    if as_json:
        click.echo(json.dumps(board, ensure_ascii=False))
        return
    console().print(_table(board, int(time() * 1000)))
    click.echo(", ".join(f"{count} {status}" for status, count in board["counts"].items()))


def _table(board: Mapping[str, Any], now: int) -> Table:
    table = Table(box=None, header_style="dim", expand=True)
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
