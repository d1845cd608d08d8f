"""`stageline personal ID`: what is still known of a person, for who asks for it or before erasing it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from rich.table import Column, Table
from rich.text import Text

from processors.cli.ids import Id
from processors.cli.words import console, moment
from processors.event_loop import complete
from processors.identity import hint_of
from processors.personal_values import events_of, values_of
from processors.sealing import Gone, owners, rows_of
from processors.settings import load_settings
from processors.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.personal_values import Value


@click.command()
@click.argument("contact_id", metavar="ID", type=Id())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per value.")
def personal(contact_id: str, *, as_json: bool) -> None:
    """Print the personal values that are sealed in contact-events and can still be read.

    Those of the contact, and of visitors and contacts that became part of it. It reads whole partitions of
    the log, so it takes as long as they are.
    """
    values = complete(_read(load_settings().bootstrap_servers, contact_id))
    if values is None:
        nobody = f"No event of {visible(contact_id)} in contact-events."
        click.echo(f"{nobody} {hint_of(contact_id) or 'Is the id spelt as it was published?'}", err=True)
        return
    known = [one for one in values if not isinstance(one.text, Gone)]
    if as_json:
        for one in known:
            row = {"contact_id": one.contact_id, "kind": one.kind, "at": one.at, "value": one.text}
            click.echo(json.dumps(row, ensure_ascii=False))
    else:
        console().print(_table(known))
    gone = len(values) - len(known)
    click.echo(f"{len(known)} values, {gone} that nobody can read any more.", err=True)


async def _read(bootstrap: str, contact_id: str) -> list[Value] | None:
    """Read the values; None for a contact without events."""
    from processors.engine.personal_log import (  # noqa: PLC0415 - aiokafka takes a while to import
        read_keys,
        read_told,
    )

    events = events_of(contact_id, await read_told(bootstrap, contact_id))
    wanted = {key for event in events for owner in owners(event) for key in rows_of(owner)}
    return values_of(events, await read_keys(bootstrap, wanted)) if events else None


def _table(known: Iterable[Value]) -> Table:
    table = Table("kind", "value", Column("told", no_wrap=True), "by", box=None, pad_edge=False)
    for one in known:
        told = f"{moment(one.at)} UTC"
        table.add_row(one.kind, Text(visible(str(one.text)), "bold"), told, Text(visible(one.contact_id)))
    return table
