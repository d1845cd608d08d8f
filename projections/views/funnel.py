"""The funnel: how many contacts ever entered each stage, how many are there now, and how many went on.

`reached:<track>:<stage>` keeps the time of each contact's first entry, stages passed on the way included.
`gone:<track>` are the contacts that have no stage any more, as they became part of another contact, which
reached these stages in their place, or were erased: they no longer count. Conversion of a stage = contacts
that ever reached it / contacts that ever reached the rung before it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from projections.commands import key, packed
from projections.views.stage_counts import members
from projections.views.velocity import time_in_stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from projections.commands import Ask, Change, Command, Key

LADDER = key("ladder")  # the stages as the lifecycle file orders them, told by whoever starts the projector
MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A stage of a track, in rank order. A `detour` is beside the ladder: nobody is expected to pass it."""

    track: str
    stage: str
    owner: str | None = None
    detour: bool = False


def project(change: Change) -> tuple[Command, ...]:
    """Remember the first time in each stage on the way, and that these stages exist."""
    track, at = change["track"], str(change["at"])
    entered = dict.fromkeys(change["path"])
    first = (("ZADD", reached(track, stage), "NX", at, change["contact_id"]) for stage in entered)
    named = (("ZADD", key("stages"), "NX", "0", packed([track, stage])) for stage in entered)
    if change["to"] is not None:
        return (*first, *named, ("ZREM", gone(track), change["contact_id"]))
    if change["from"] is not None:
        return (*first, *named, ("ZADD", gone(track), at, change["contact_id"]))
    return ()  # erased without a stage


def forget(contact: str, stages: Iterable[tuple[str, str]]) -> Iterator[Command]:
    """Take a contact out of those who reached a stage and of those who are gone: it counts as before."""
    for track, stage in stages:
        yield ("ZREM", reached(track, stage), contact)
        yield ("ZREM", gone(track), contact)


def reached(track: str, stage: str) -> Key:
    """Key of the set of those who ever came to the stage, scored by their first time (ms, UTC)."""
    return key("reached", track, stage)


def gone(track: str) -> Key:
    """Key of the set of those who have no stage any more: they count nowhere."""
    return key("gone", track)


def define(ladder: Iterable[Rung]) -> Command:
    """Say which stages there are, in order, so that empty ones are shown too."""
    return ("SET", LADDER, packed([asdict(rung) for rung in ladder]))


def read_ladder(ask: Ask) -> list[Rung]:
    """Return the defined stages in order, then those that only earlier definitions had."""
    ladder, stages = ask(("GET", LADDER), ("ZRANGE", key("stages"), "0", "-1"))
    rungs = [Rung(**rung) for rung in json.loads(ladder or "[]")]
    defined = {(rung.track, rung.stage) for rung in rungs}
    seen = (json.loads(pair) for pair in stages)
    former = [Rung(track=t, stage=s, detour=True) for t, s in seen if (t, s) not in defined]
    return rungs + former


def read_funnel(ask: Ask, now: int) -> dict[str, Any]:
    """Return each stage with `now` (contacts in it), `reached`, `conversion` (0 to 1), time in stage (ms).

    `staged` is the sum of `now` over the main track: the contacts that have a stage.
    """
    rungs = read_ladder(ask)
    counts = ask(*(("ZCARD", members(rung.track, rung.stage)) for rung in rungs))
    came = _count_reached(ask, rungs)
    times = time_in_stages(ask, [(rung.track, rung.stage) for rung in rungs], now)
    stages = [
        {**asdict(rung), "now": count, "reached": ever, "time": time}
        for rung, count, ever, time in zip(rungs, counts, came, times, strict=True)
    ]
    (contacts,) = ask(("ZCARD", key("contacts")))
    staged = sum(stage["now"] for stage in stages if stage["track"] == MAIN)
    return {"at": now, "contacts": contacts, "staged": staged, "stages": _converted(stages)}


def _count_reached(ask: Ask, rungs: Sequence[Rung]) -> list[int]:
    ever = ask(*(("ZCARD", reached(rung.track, rung.stage)) for rung in rungs))
    pairs = [(gone(rung.track), reached(rung.track, rung.stage)) for rung in rungs]
    left = ask(*(("ZINTERCARD", "2", *pair) for pair in pairs))
    return [a - b for a, b in zip(ever, left, strict=True)]


def _converted(stages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    before: dict[str, int] = {}
    for stage in stages:
        entered = None if stage["detour"] else before.get(stage["track"])
        stage["conversion"] = stage["reached"] / entered if entered else None
        if not stage["detour"]:
            before[stage["track"]] = stage["reached"]
    return stages
