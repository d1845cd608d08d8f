"""Time in stage: how long contacts stay. Percentiles count those still in the stage with their time so far.

A finished stay is `at - since` of the change that ended it, kept in `spells:<track>:<stage>` by its length; a
stay that goes on is an entry of the stage's set. p50 is the shortest time that at least half of all stays do
not exceed.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from projections.commands import key
from projections.views.stage_counts import members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.commands import Ask, Change, Command, Key

PERCENTILES = (50, 75, 90)
LONGEST_MS = 2**42  # 139 years: longer than any stay, so the bisection's upper bound


def project(change: Change) -> tuple[Command, ...]:
    """Keep the length of the stay that this change ended."""
    if change["since"] is None or change["to"] is None:  # a contact that became part of another stays there
        return ()
    # Only to be told from any other stay, and for longer than the contact may be known: so not by its id.
    stay = blake2b(f"{change['sequence']}:{change['contact_id']}".encode(), digest_size=12).hexdigest()
    length = max(0, change["at"] - change["since"])
    return (("ZADD", _spells(change["track"], change["from"]), str(length), stay),)


def _spells(track: str, stage: str) -> Key:
    return key("spells", track, stage)


def time_in_stages(ask: Ask, stages: Sequence[tuple[str, str]], now: int) -> list[dict[str, int] | None]:
    """Return {"p50": ms, …} for each (track, stage), or None where nobody has been yet.

    Bisects all of them at once by counts, so that no set is ever read whole: 43 round trips however many
    contacts there are.
    """
    totals = _at_most(ask, stages, [LONGEST_MS] * len(stages), now)
    wanted = [
        (stage, -(-total * percent // 100))
        for stage, total in zip(stages, totals, strict=True)
        for percent in PERCENTILES
    ]
    found = _bisect(ask, wanted, now)
    width = len(PERCENTILES)
    names = [f"p{percent}" for percent in PERCENTILES]
    rows = (found[at : at + width] for at in range(0, len(found), width))
    return [dict(zip(names, row, strict=True)) if n else None for n, row in zip(totals, rows, strict=True)]


def _bisect(ask: Ask, wanted: Sequence[tuple[tuple[str, str], int]], now: int) -> list[int]:
    """Return for each (stage, rank) the least length that at least `rank` stays do not exceed."""
    low, high = [0] * len(wanted), [LONGEST_MS] * len(wanted)
    stages = [stage for stage, _ in wanted]
    while any(a < b for a, b in zip(low, high, strict=True)):
        middle = [(a + b) // 2 for a, b in zip(low, high, strict=True)]
        counts = _at_most(ask, stages, middle, now)
        for index, (_, rank) in enumerate(wanted):
            if counts[index] >= rank:
                high[index] = middle[index]
            else:
                low[index] = middle[index] + 1
    return low


def _at_most(ask: Ask, stages: Sequence[tuple[str, str]], lengths: Sequence[int], now: int) -> list[int]:
    """Count the stays in each stage, finished or not, that are no longer than the length given for it."""
    pairs = list(zip(stages, lengths, strict=True))
    finished = [("ZCOUNT", _spells(*stage), "-inf", str(length)) for stage, length in pairs]
    going_on = [("ZCOUNT", members(*stage), str(now - length), "+inf") for stage, length in pairs]
    counts = ask(*finished, *going_on)
    return [a + b for a, b in zip(counts[: len(pairs)], counts[len(pairs) :], strict=True)]
