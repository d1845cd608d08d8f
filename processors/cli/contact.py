"""`stageline contact ID`: where a contact stands, its score by rule, and every change with its reasons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from processors.cli.ids import Id
from processors.cli.words import NOTHING, console, headline, moment, points, reading
from processors.identity import hint_of
from projections.views.contact import read_contact, read_near
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.store import View


@click.command()
@click.argument("contact_id", metavar="ID", type=Id())
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option("-n", "most", default=20, show_default=True, type=click.IntRange(1), help="Changes to show.")
def contact(contact_id: str, most: int, *, as_json: bool) -> None:
    """Show one contact: stages, score by rule, and each change with its reasons, newest first.

    ID is the contact id as published; for contacts known by e-mail address or visitor id only, the one that
    Stageline made of it (email:… or anon:…).
    """
    with reading() as view:
        found = _read(view, contact_id)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    out = console()
    out.print(_standing(found), _score(found), _touches(found))
    for change in found["changes"][:most]:
        out.print(_told(change))
    if (all_of_them := len(found["changes"])) > most:
        click.echo(f"{all_of_them - most} earlier changes: -n {all_of_them} shows them.", err=True)


def _read(view: View, contact_id: str) -> dict[str, Any]:
    found = read_contact(view.ask, contact_id)
    if found is None:
        near = _near(view, contact_id)
        some = f"Some that have: {', '.join(near)}." if near else "No contact has had one yet."
        nothing = f"{contact_id}: no contact of this id has had a stage, band or hand-off."
        raise LifecycleError(" ".join(filter(None, (nothing, hint_of(contact_id), some))))
    return found


def _near(view: View, contact_id: str) -> list[str]:
    """Return the ids that have the longest beginning in common with this one, as far as we try."""
    for length in (len(contact_id), len(contact_id) // 2, 2, 0):
        if found := read_near(view.ask, contact_id[:length]):
            return found
    return []


def _standing(found: Mapping[str, Any]) -> Table:
    table = Table(title=Text(found["contact_id"], "bold"), title_justify="left", box=None, show_header=False)
    for track, place in found["stages"].items():
        since = f"since {moment(place['since'])} UTC"
        table.add_row(Text(track, "dim"), Text(place["id"], "bold green"), since, f"owner {found['owner']}")
    for segment, place in found["segments"].items():
        table.add_row(Text(segment, "dim"), Text(place["id"]), f"since {moment(place['since'])} UTC")
    if found["next_deadline"]:
        table.add_row(Text("deadline", "dim"), f"{moment(found['next_deadline'])} UTC")
    return table


def _score(found: Mapping[str, Any]) -> Tree:
    scores = found["score"]
    tree = Tree(Text.assemble(("score ", "dim"), (points(scores.get("total")), "bold")))
    for name in sorted(scores.keys() - {"total"}):
        branch = tree.add(Text(f"{name} {points(scores[name])}"))
        for part in found["score_parts"]:
            if part["score"] == name:
                branch.add(Text(f"{part['rule']} {points(part['points'])}", "dim"))
    return tree


def _touches(found: Mapping[str, Any]) -> Text:
    lines = [_touch(name, found[f"{name}_touch"]) for name in ("first", "last") if found[f"{name}_touch"]]
    return Text("\n".join(lines), "dim")


def _touch(name: str, touch: Mapping[str, Any]) -> str:
    origin = " / ".join(touch[part] for part in ("source", "medium", "campaign") if touch[part])
    return f"{name} touch {moment(touch['at'])} UTC {touch['event_type']} {origin}".rstrip()


def _told(change: Mapping[str, Any]) -> Group:
    why = change["why"]
    head = Text.assemble(
        (moment(change["at"]), "dim"), "  ", (headline(change), "bold"), f"  {why['summary']}"
    )
    if change["late"]:
        head.append("  (late event)", "yellow")
    return Group(head, *_evidence(why["evidence"]), _cause(change["cause"]))


def _evidence(facts: Sequence[Mapping[str, Any]]) -> list[Text]:
    return [
        Text.assemble(
            " " * 18,
            ("✓ ", "green") if fact["met"] else ("✗ ", "red"),
            f"{fact['fact']}: {fact['value']}",
            (f"  asked for {fact['threshold']}", "dim"),
        )
        for fact in facts
    ]


def _cause(cause: Mapping[str, Any]) -> Text:
    by = cause["event_id"] or cause["timer"] or cause["criteria_change"] or NOTHING
    return Text(f"{' ' * 18}{cause['criterion']}, set off by {by}", "dim")
