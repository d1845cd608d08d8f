"""`stageline diff --live`: the running lifecycle's log, states and definition, as of one recorded place."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from processors.cli.diff_archive import compare_sides
from processors.cli.live import first_plan, live_plan
from processors.cli.live_history import live_work
from processors.replay.job import read_packed
from processors.replay.parts import part_files
from processors.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.engine.live_log import Snapshot
    from processors.lifecycle.plan import Plan
    from processors.replay.compared import Compared


@contextmanager
def live_comparison(after: Plan, options: dict[str, Any]) -> Iterator[tuple[Compared, dict[str, Any]]]:
    """Set the running lifecycle beside another; gives what is to be said of the log, too.

    Before clocks go on, the log comes, byte for byte, to what the workers hold. Raises LifecycleError.
    """
    settings = load_settings()
    first, now = first_plan(settings), live_plan(settings)
    with live_work(jobs=options["jobs"]) as (work, snapshot):
        work.passes = 3
        job, tally = work.replay(first, as_of=None, anew=False, packed=True)
        folded = (
            one for path in part_files(job, "packed", work.archive.manifests) for one in read_packed(path)
        )
        told = _tell(dict(folded), snapshot, now)
        as_of = tally.last_time if options["as_of"] is None else options["as_of"]
        compared = compare_sides(work, (first, after), as_of, lived=True)
        compared.plans = now, after
        yield compared, told


def _tell(folded: dict[bytes, bytes], snapshot: Snapshot, now: Plan) -> dict[str, Any]:
    """Say up to where the log was read, and how many contacts are not where the log puts them."""
    unlike = sum(folded.get(key) != snapshot.states.get(key) for key in {*folded, *snapshot.states})
    if unlike:
        click.echo(
            f"{unlike:,} of {len(snapshot.states):,} contacts are not in the state that {now.id}@"
            f"{now.version} comes to: set STAGELINE_LIFECYCLE to what the workers run.",
            err=True,
        )
    return {"offsets": snapshot.offsets, "contacts": len(snapshot.states), "unlike": unlike}
