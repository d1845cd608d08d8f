"""`stageline diff` over an archive or the topic: both lifecycles decide about all of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from processors.cli.archive_work import archive_work
from processors.replay.compare_archive import ArchivedSide, Refolded
from processors.replay.compared import Compared
from processors.replay.parts import changes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.cli.archive_work import Work
    from processors.lifecycle.plan import Plan
    from processors.replay.summary import Tally


@contextmanager
def archive_comparison(before: Plan, after: Plan, events: str, options: dict[str, Any]) -> Iterator[Compared]:
    """Compare two lifecycles over a folder or the topic, which stays open until the block ends."""
    with archive_work(events, jobs=options["jobs"], resume=options["resume"]) as work:
        as_of = options["as_of"]
        work.passes = 3 if as_of is None else 2
        if as_of is None:  # where the log ends is only known when it was read
            _job, tally = work.replay(before, as_of=None, anew=True)
            as_of = tally.last_time
        yield compare_sides(work, (before, after), as_of, lived=False)


def compare_sides(work: Work, plans: tuple[Plan, Plan], as_of: int, *, lived: bool) -> Compared:
    """Replay both sides; `lived`: the first one as it was recorded, its plan being the one at the start."""
    first, _tally = _side(work, plans[0], as_of, anew=not lived)
    second, tally = _side(work, plans[1], as_of, anew=True)
    compared = Compared(plans, (first, second))
    compared.as_of, compared.events, compared.refused = as_of, tally.events, tally.refused
    return compared


def _side(work: Work, plan: Plan, as_of: int, *, anew: bool) -> tuple[ArchivedSide, Tally]:
    job, tally = work.replay(plan, as_of=as_of, anew=anew, changes=True)
    side = ArchivedSide(Refolded(job, work.archive, tally, as_of))
    side.note_all(changes_of(job, work.archive.manifests))
    return side, tally
