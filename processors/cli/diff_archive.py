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
        first, _tally = _side(work, before, as_of)
        second, tally = _side(work, after, as_of)
        compared = Compared((before, after), (first, second))
        compared.as_of, compared.events, compared.refused = as_of, tally.events, tally.refused
        yield compared


def _side(work: Work, plan: Plan, as_of: int) -> tuple[ArchivedSide, Tally]:
    job, tally = work.replay(plan, as_of=as_of, anew=True, changes=True)
    side = ArchivedSide(Refolded(plan, work.archive, tally, as_of))
    side.note_all(changes_of(job, work.archive.manifests))
    return side, tally
