"""Conversion by cohort: of those who came to a stage in a period, who came to the next within a time.

Read from what the funnel keeps; nothing else is kept for it. A contact is decided once that time is over for
it: before that it may still come, so it counts neither for nor against.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from projections.views.funnel import gone, reached, read_ladder
from projections.views.portions import counting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projections.commands import Ask
    from projections.periods import Period
    from projections.views.funnel import Rung


def read_cohorts(ask: Ask, now: int, within: int, period: Period) -> dict[str, Any]:
    """Return for each stage that has a next one how many went on to it in `within` ms.

    `stages`: track, stage, next; `entered` in the period = `decided` + `undecided`; `converted` of the
    decided, `undecided_converted` of the others; `conversion` = converted / decided, None where none is.
    """
    stages = [
        {"track": here.track, "stage": here.stage, "next": ahead.stage}
        | _tally(ask, (here, ahead), now, within, period)
        for here, ahead in _steps(read_ladder(ask))
    ]
    return {"at": now, "within": within, "since": period.since, "until": period.until, "stages": stages}


def _steps(ladder: list[Rung]) -> Iterator[tuple[Rung, Rung]]:
    for track in dict.fromkeys(rung.track for rung in ladder):
        yield from pairwise(rung for rung in ladder if rung.track == track and not rung.detour)


def _tally(ask: Ask, step: tuple[Rung, Rung], now: int, within: int, period: Period) -> dict[str, Any]:
    here, ahead = (reached(rung.track, rung.stage) for rung in step)
    found: Counter[tuple[bool, bool]] = Counter()
    for contacts in counting(ask, here, gone(step[0].track), period):
        (went_on,) = ask(("ZMSCORE", ahead, *contacts))
        for at, went in zip(contacts.values(), went_on, strict=True):
            found[at + within < now, went is not None and went <= at + within] += 1
    converted, decided = found[True, True], found[True, True] + found[True, False]
    return {
        "entered": found.total(),
        "decided": decided,
        "converted": converted,
        "conversion": converted / decided if decided else None,
        "undecided": found.total() - decided,
        "undecided_converted": found[False, True],
    }
