"""Where those who reached a stage came from: source of their first touch, their last, the one that crossed.

`sources:<track>:<stage>` is a hash of contact → the three sources that its first entry told, null for a touch
that there is not or that names none. Like the funnel it counts nobody twice and nobody who is gone.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from projections.commands import key, packed
from projections.views.funnel import gone, reached, read_ladder
from projections.views.portions import counting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from projections.commands import Ask, Change, Command, Key
    from projections.periods import Period
    from projections.views.funnel import Rung

TOUCHES = ("first", "last", "crossing")


def project(change: Change) -> tuple[Command, ...]:
    """Keep the sources of the contact's first time in each stage on the way."""
    touches = (change["why"][f"{name}_touch"] for name in TOUCHES)
    told = packed([touch and touch["source"] for touch in touches])
    contact, track = change["contact_id"], change["track"]
    return tuple(("HSETNX", _sources(track, stage), contact, told) for stage in dict.fromkeys(change["path"]))


def forget(contact: str, stages: Iterable[tuple[str, str]]) -> Iterator[Command]:
    """Take a contact out of every (track, stage)."""
    return (("HDEL", _sources(track, stage), contact) for track, stage in stages)


def _sources(track: str, stage: str) -> Key:
    return key("sources", track, stage)


def read_sources(ask: Ask, now: int, period: Period, most: int) -> dict[str, Any]:
    """Return for each stage who first came there in the period, by source.

    `reached` contacts; `sources`: the `most` that brought the most, each with its contacts by `first`, `last`
    and `crossing` touch; source null: none was told. `others` are those of all other sources, so that each of
    the three sums to `reached`.
    """
    stages = [asdict(rung) | _tally(ask, rung, period, most) for rung in read_ladder(ask)]
    return {"at": now, "since": period.since, "until": period.until, "stages": stages}


def _tally(ask: Ask, rung: Rung, period: Period, most: int) -> dict[str, Any]:
    told: Counter[str] = Counter()
    for contacts in counting(ask, reached(rung.track, rung.stage), gone(rung.track), period):
        (found,) = ask(("HMGET", _sources(rung.track, rung.stage), *contacts))
        told.update(text for text in found if text is not None)  # erased meanwhile
    ordered = sorted(_by_source(told).items(), key=_most_first)
    named = [{"source": source, **_named(counts)} for source, counts in ordered[:most]]
    rest: Counter[str] = sum((counts for _, counts in ordered[most:]), Counter())
    return {"reached": told.total(), "sources": named, "others": _named(rest)}


def _by_source(told: Mapping[str, int]) -> dict[str | None, Counter[str]]:
    found: dict[str | None, Counter[str]] = {}
    for text, contacts in told.items():
        for touch, source in zip(TOUCHES, json.loads(text), strict=True):
            found.setdefault(source, Counter())[touch] += contacts
    return found


def _most_first(entry: tuple[str | None, Counter[str]]) -> tuple[int, str]:
    source, counts = entry
    return -counts.total(), source or ""


def _named(counts: Counter[str]) -> dict[str, int]:
    return {touch: counts[touch] for touch in TOUCHES}
