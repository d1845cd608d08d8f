"""`stageline dlt purge`: delete old letters for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from processors.cli.dlt_selection import Id
from processors.dead_letters.letter import Letter
from processors.dead_letters.topic import delete_before, marks, read
from processors.settings import load_settings
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from processors.dead_letters.letter import LetterId


@click.command
@click.argument("up_to", metavar="ID...", nargs=-1, required=True, type=Id())
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(up_to: tuple[LetterId, ...], *, yes: bool) -> None:
    """Delete each letter given and every older one of its partition: a log can only be cut from its start."""
    bootstrap = load_settings().bootstrap_servers
    ends = {partition: offset + 1 for partition, offset in sorted(up_to)}  # of one partition, the last counts
    replayed = marks(bootstrap)
    letters = [one.id for one in read(bootstrap) if isinstance(one, Letter)]
    if missing := [str(one) for one in up_to if one not in letters]:
        raise LifecycleError(f"No such letter: {', '.join(missing)}. `stageline dlt list` shows their ids.")
    doomed = [one for one in letters if one.offset < ends.get(one.partition, 0)]
    unread = sum(one not in replayed for one in doomed)
    click.echo(f"To be deleted for good: {len(doomed)}; never replayed of these: {unread}.", err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)
    delete_before(bootstrap, ends)
    click.echo(f"{len(doomed)} deleted.", err=True)
