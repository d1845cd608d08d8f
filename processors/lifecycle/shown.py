"""What the world sees of a track: the machine's own stage, unless somebody holds another by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle.arrivals import drop_answered, rank_of
from processors.lifecycle.changes import stage_id
from processors.lifecycle.contact import NO_STAGE, Override
from processors.lifecycle.turn import Hop, Shift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.contact import Place
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Turn

LIFTED = "lifted"  # an override that holds nothing; kept so that an older, late one cannot take its place


def show(turn: Turn, track: int, hops: list[Hop]) -> Shift | None:
    """Bring what is shown in line with what has moved; None when nothing of it is seen."""
    place = turn.contact.places[track]
    shown = _shown(turn, place)
    by_hand = shown != place.stage or not hops
    if by_hand and shown == place.shown:
        return None
    if by_hand:
        hops = [_by_hand(turn, place, shown)]
    start, since = stage_id(turn.program, place.shown), place.shown_since
    place.shown, place.shown_since = shown, turn.now
    return Shift(track=track, place=place, start=start, since=since, hops=tuple(hops))


def in_force(held: Override | None, now: int) -> bool:
    """Whether an override holds a stage now."""
    return held is not None and held.kind != LIFTED and (held.until is None or held.until > now)


def hold(turn: Turn, event: Mapping[str, Any]) -> int:
    """Fold stage_overridden: the newest by time is in force. Returns the dirty bits."""
    plan, name = turn.program.plan, event["stage"]
    track = next((index for index, one in enumerate(plan.tracks) if one.id == event["track"]), None)
    if track is None:
        turn.refuse(f"no track is called {event['track']}")
        return 0
    stage = NO_STAGE if name is None else turn.program.stage_index.get(name)
    if stage is None or (stage != NO_STAGE and plan.stages[stage].track != track):
        turn.refuse(f"track {event['track']} has no stage {name}")
        return 0
    place, at = turn.contact.places[track], min(event["occurred_at"], turn.now)
    if place.override is None or place.override.at <= at:
        place.override = Override(
            at=at,
            kind=LIFTED if stage == NO_STAGE else event["kind"],
            stage=stage,
            until=event["until"],
            actor=event["actor"],
            reason=event["reason"],
        )
    return turn.program.inputs.stage


def _shown(turn: Turn, place: Place) -> int:
    held = place.override
    if held is None or not in_force(held, turn.now):
        return place.stage
    return overridden(turn.program, place.stage, held)


def overridden(program: Program, stage: int, held: Override) -> int:
    """Apply an override to the machine's own stage. No stage and a detour lie below every floor."""
    if held.kind == "pin":
        return held.stage
    rank, limit = rank_of(program, stage), rank_of(program, held.stage)
    if held.kind == "floor":
        return stage if rank >= limit else held.stage
    return held.stage if rank > limit else stage


def _by_hand(turn: Turn, place: Place, shown: int) -> Hop:
    held = place.override
    if shown not in {NO_STAGE, place.stage}:
        if shown not in place.entries:
            turn.again |= turn.program.inputs.stage
        first, _latest = place.entries.get(shown, (turn.now, turn.now))
        place.entries[shown] = (first, turn.now)
        if drop_answered(place):
            turn.again |= turn.program.inputs.handoff
    if held is not None and in_force(held, turn.now):
        criterion, reason = f"override.{held.kind}", f"{held.reason} ({held.actor})"
    else:
        criterion, reason = "override.ended", "the override ended"
    path = () if shown == NO_STAGE else (shown,)
    return Hop(to=shown, path=path, criterion=criterion, reason=reason, evidence=())
