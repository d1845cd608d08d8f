"""`stageline dlt`: look at the records that could not be processed, replay them, purge them."""

from __future__ import annotations

import json
from base64 import b64encode
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from processors.cli.dlt_purge import purge
from processors.cli.dlt_replay import replay
from processors.cli.dlt_selection import Id, selecting
from processors.cli.when import iso
from processors.dead_letters.letter import Letter
from processors.dead_letters.selection import Selection
from processors.dead_letters.topic import find, marks, read
from processors.settings import load_settings
from processors.visible import visible, visible_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.dead_letters.letter import LetterId
    from processors.dead_letters.selection import State

SHOWN_BYTES = 2_000  # of a value, on a screen; --raw gives all


@click.group
def dlt() -> None:
    """List, show, replay or purge records that could not be processed."""


@dlt.command(name="list")
@selecting
@click.option("--state", type=click.Choice(["open", "replayed", "all"]), default="all", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="The newest so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per letter.")
def list_(state: State, limit: int, *, as_json: bool, **conditions: Any) -> None:  # noqa: ANN401 - of Selection
    """List the letters, oldest first. Their bytes are shown by `stageline dlt show ID`."""
    bootstrap = load_settings().bootstrap_servers
    replayed = marks(bootstrap)
    chosen = Selection(state=state, **conditions)
    letters = (one for one in read(bootstrap) if isinstance(one, Letter) and chosen.has(one, replayed))
    found = sorted((_row(letter, replayed) for letter in letters), key=itemgetter("refused_at"))
    newest = found[-limit:]
    if as_json:
        for row in newest:
            click.echo(json.dumps(row))
        return
    _print_rows(newest)
    click.echo(f"{len(found)} letters, the newest {len(newest)} shown.", err=True)


@dlt.command
@click.argument("letter_id", metavar="ID", type=Id())
@click.option("--raw", is_flag=True, help="Only the original value, byte for byte.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; key, value and headers in base64.")
def show(letter_id: LetterId, *, raw: bool, as_json: bool) -> None:
    """Show one letter: why it was refused, what to do, and the original record."""
    letter, replayed_at = find(load_settings().bootstrap_servers, letter_id)
    if raw:
        click.get_binary_stream("stdout").write(letter.value or b"")
    elif as_json:
        click.echo(json.dumps(_row(letter, _times(letter, replayed_at)) | _content(letter)))
    else:
        _print(letter, replayed_at)


dlt.add_command(replay)
dlt.add_command(purge)


def _times(letter: Letter, replayed_at: int | None) -> dict[LetterId, int]:
    return {} if replayed_at is None else {letter.id: replayed_at}


def _row(letter: Letter, replayed: Mapping[LetterId, int]) -> dict[str, Any]:
    """Everything but the original bytes: those are personal data."""
    replayed_at = replayed.get(letter.id)
    return {
        "id": str(letter.id),
        "refused_at": iso(letter.refused_at),
        "step": letter.step,
        "reason": letter.reason,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "at": iso(letter.at),
        "size": letter.size,
        "replayed_at": None if replayed_at is None else iso(replayed_at),
    }


def _content(letter: Letter) -> dict[str, Any]:
    return {
        "remedy": letter.remedy,
        "key": _base64(letter.key),
        "value": _base64(letter.value),
        "headers": [[name, _base64(value)] for name, value in letter.headers],
    }


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else b64encode(raw).decode()


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Print two lines a letter, for any width of screen: where it stands, and the beginning of the reason."""
    console = Console(highlight=False)
    for row in rows:
        replayed = "" if row["replayed_at"] is None else f"  replayed {row['replayed_at']}"
        source = f"{row['topic']} {row['partition']}:{row['offset']}, {row['size']:,} bytes"
        click.echo(f"{row['id']}  {row['refused_at']}  {row['step']}  from {source}{replayed}")
        reason = Text(f"    {visible(row['reason'])}")  # not as rich's markup
        console.print(reason, no_wrap=True, overflow="ellipsis")


def _print(letter: Letter, replayed_at: int | None) -> None:
    replayed = "no" if replayed_at is None else iso(replayed_at)
    lines = (
        f"Dead letter {letter.id}, refused by {letter.step} at {iso(letter.refused_at)}",
        f"Reason:    {visible(letter.reason)}",
        f"Remedy:    {letter.remedy}",
        f"Replayed:  {replayed}",
        f"From:      {letter.topic}, partition {letter.partition}, offset {letter.offset}, {iso(letter.at)}",
        *(f"Header:    {visible(name)}: {_shown(value)}" for name, value in letter.headers),
        f"Key:       {_shown(letter.key)}",
        f"Value:     {len(letter.value or b''):,} bytes",
        _shown(letter.value),
    )
    click.echo("\n".join(lines))


def _shown(raw: bytes | None) -> str:
    return "(none)" if raw is None else visible_bytes(raw, SHOWN_BYTES)
