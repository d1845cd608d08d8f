"""`stageline company ID`: how far a company is, through whom, and when it got there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from processors.cli.ids import Id
from processors.cli.words import NOTHING, console, moment, reading
from projections.views.companies import read_companies_near, read_company
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.store import View

ERASED = "an erased contact"


@click.command()
@click.argument("company_id", metavar="ID", type=Id())
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def company(company_id: str, *, as_json: bool) -> None:
    """Show one company: its stage, its furthest contacts, and its moves, newest first.

    ID is what events name under `company_id`.
    """
    with reading() as view:
        found = _read(view, company_id)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    out = console()
    out.print(_standing(found), _contacts(found), _moves(found))
    if (hidden := found["contacts"] - len(found["furthest"])) > 0:
        click.echo(f"{hidden} more contacts.", err=True)


def _read(view: View, company_id: str) -> dict[str, Any]:
    found = read_company(view.ask, company_id)
    if found is None:
        near = read_companies_near(view.ask, company_id[:2]) or read_companies_near(view.ask, "")
        some = f"Some that are: {', '.join(near)}." if near else "No company is known yet."
        raise LifecycleError(f"{company_id}: no contact has been of a company of this id. {some}")
    return found


def _standing(found: Mapping[str, Any]) -> Text:
    title = Text.assemble((found["company_id"], "bold"), "  ", (found["stage"] or "no stage", "bold green"))
    if found["since"] is not None:
        title.append(f"  since {moment(found['since'])} UTC, by {found['decided_by'] or ERASED}")
    return title.append("  held by deals alone" if found["by_deals"] else "")


def _contacts(found: Mapping[str, Any]) -> Table:
    table = Table("contact", "stage", "counts as", "deals", "since", box=None, header_style="dim")
    for one in found["furthest"]:
        counts = one["counts_as"] or NOTHING
        table.add_row(
            Text(one["contact_id"]),
            Text(one["stage"] or NOTHING, "" if one["active"] else "dim"),
            Text(f"{counts} (deals)" if one["by_deals"] else counts),
            NOTHING if one["deals"] == "none" else one["deals"],
            moment(one["at"]),
        )
    return table


def _moves(found: Mapping[str, Any]) -> Text:
    lines = [
        f"{moment(one['at'])}  {one['from'] or NOTHING} → {one['to'] or NOTHING}"
        f"  {one['contact_id'] or ERASED}{'  by deals' if one['by_deals'] else ''}"
        for one in found["moves"]
    ]
    return Text("\n".join(lines))
