"""`stageline why`: why a contact is where it is, and why not yet further."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from processors.cli.archive_work import archive_progress
from processors.cli.ids import Id
from processors.cli.log import history_option, lifecycle_option
from processors.cli.when import When, iso
from processors.identity import hint_of
from processors.lifecycle import describe
from processors.lifecycle import why as prospects
from processors.lifecycle.words import points
from processors.lifecycle_files import load_lifecycle
from processors.replay.log_files import open_log
from processors.replay.one_contact import replay_archived, replay_one
from processors.replay.sources import is_archive, open_history
from processors.settings import load_settings
from schemas.errors import SchemaError

if TYPE_CHECKING:
    Facts = dict[str, Any]


@click.command()
@lifecycle_option
@history_option
@click.option("--at", type=When(), help="As it was at this time. Default: the last event.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as one JSON object.")
@click.argument("contact", type=Id())
def why(lifecycle: str, events: str, contact: str, at: int | None, *, as_json: bool) -> None:
    """Tell why CONTACT is where it is, and what is missing for each stage above."""
    plan = load_lifecycle(lifecycle)
    if is_archive(events):
        with (
            archive_progress() as show,
            open_history(events, load_settings().bootstrap_servers, show) as found,
        ):
            plan, state, changes = replay_archived(plan, found, contact, at)
    else:
        with open_log(events) as log:
            state, changes = replay_one(plan, log, contact, at)
    if not state:
        hint = hint_of(contact) or "Is the id spelt as in the log?"
        raise SchemaError(f"{contact}: no event of this contact in {events}. {hint}")
    told = {"contact": describe(plan, state), "tracks": prospects(plan, state), "changes": changes}
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False, default=str))
        return
    _print(Console(highlight=False, soft_wrap=True), told)


def _print(console: Console, told: Facts) -> None:
    contact, changes = told["contact"], told["changes"]
    if contact["forwarded_to"]:
        console.print(
            f"{contact['contact_id']} is part of {contact['forwarded_to']} now: ask for that one.",
            markup=False,
        )
    for track, where in contact["tracks"].items():
        moves = [one for one in changes if one["record"] == "stage_changed" and one["track"] == track]
        _print_track(console, track, where, moves[-1] if moves else None)
        _print_prospects(console, told["tracks"][track]["next"])
    _print_scores(console, contact)


def _print_track(console: Console, track: str, where: Facts, last: Facts | None) -> None:
    since = f" since {iso(where['since'])}" if where["since"] is not None else ""
    owner = f", with {escape(where['owner'])}" if where["owner"] else ""
    console.print(f"[bold]{track}[/]: {where['stage'] or 'no stage'}{since}{owner}")
    if last is not None:
        console.print(f"  {last['why']['summary']}", markup=False)
        console.print(f"  by {last['cause']['criterion']}", markup=False)
        for one in last["why"]["evidence"]:
            console.print(f"    {_evidence(one)}", markup=False)
    if where["override"] is not None:
        held = where["override"]
        by = f"{held['actor']}: {held['reason']}"  # people's words: no markup
        console.print(f"  held by hand: {held['kind']} {held['stage']} ({by})", markup=False)
    if where["handoff"] is not None:
        console.print(f"  hand-off {where['handoff']['id']}: {where['handoff']['status']}", markup=False)
    if where["next_deadline"] is not None:
        console.print(f"  next deadline {iso(where['next_deadline'])}")


def _print_prospects(console: Console, stages: list[Facts]) -> None:
    for stage in stages:
        console.print(f"  why not yet [bold]{stage['stage']}[/]:")
        for way in stage["ways"]:
            note = " (holds since before the move back; counts when it holds anew)" if way["spent"] else ""
            console.print(f"    {way['criterion']}{note}", markup=False)
            for one in way["evidence"]:
                console.print(f"      {_evidence(one)}", markup=False)


def _evidence(one: Facts) -> str:
    mark = "✓" if one["met"] else "✗"
    events = f" [{', '.join(one['events'])}]" if one["events"] else ""
    return f"{mark} {one['fact']}: {one['value']}{events}"


def _print_scores(console: Console, contact: Facts) -> None:
    table = Table("score", "rule", "points", title="Scores", title_justify="left")
    for part in contact["score_parts"]:
        table.add_row(part["score"], part["rule"], points(part["points"]))
    for name, value in contact["score"].items():
        table.add_row(f"[bold]{name}[/]", "", f"[bold]{points(value)}[/]")
    console.print(table)
    for name, band in contact["segments"].items():
        console.print(f"{name}: {band or 'no band'}")
