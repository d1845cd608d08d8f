"""`stageline diff --live`: the running lifecycle's log, states and definition, as of one recorded place."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from processors import lifecycle
from processors.cli.live import first_plan, live_plan
from processors.cli.live_history import live_history
from processors.replay.compare import Comparison
from processors.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.engine.live_log import Snapshot
    from processors.lifecycle.plan import Plan
    from processors.replay.kept_log import KeptLog


@contextmanager
def live_comparison(after: Plan) -> Iterator[tuple[Comparison, KeptLog, Snapshot]]:
    """Set the running lifecycle beside another. Raises LifecycleError."""
    settings = load_settings()
    first, now = first_plan(settings), live_plan(settings)
    with live_history() as (log, snapshot):
        comparison = Comparison(first, after, log, home=snapshot.home)
        comparison.plans = now, after
        yield comparison, log, snapshot


def tell_live(comparison: Comparison, snapshot: Snapshot) -> dict[str, Any]:
    """Say up to where the log was read, and how many contacts are not where the log puts them.

    To be asked for before clocks go on: until then the fold of the log is, byte for byte, what workers hold.
    """
    side, now = comparison.replays[0], comparison.plans[0]
    folded = {
        contact_id.encode(): lifecycle.dump(side.plan_of(contact_id), contact)
        for contact_id, contact in side.contacts.items()
    }
    unlike = sum(folded.get(key) != snapshot.states.get(key) for key in {*folded, *snapshot.states})
    if unlike:
        click.echo(
            f"{unlike:,} of {len(snapshot.states):,} contacts are not in the state that {now.id}@"
            f"{now.version} comes to: set STAGELINE_LIFECYCLE to what the workers run.",
            err=True,
        )
    return {"offsets": snapshot.offsets, "contacts": len(snapshot.states), "unlike": unlike}
