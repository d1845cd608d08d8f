"""Moves along a ladder: leave rules in file order, then enter rules from the top, until nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle import words
from processors.lifecycle.arrivals import arrive, go_back, rank_of
from processors.lifecycle.contact import NO_STAGE
from processors.lifecycle.evidence import Witness
from processors.lifecycle.turn import Hop

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact, Place
    from processors.lifecycle.program import Alternative, Exit, Program
    from processors.lifecycle.turn import Evidence, Turn


def move(turn: Turn, track: int) -> list[Hop]:
    """Move to a fixpoint, at most as many hops as there are stages."""
    place = turn.contact.places[track]
    hops: list[Hop] = []
    while len(hops) < len(turn.program.plan.stages):
        left, entered = _leave(turn, track, place), _enter(turn, track, place)
        hops += [hop for hop in (left, entered) if hop is not None]
        if left is None and entered is None:
            break
    return hops


def refresh_spent(program: Program, contact: Contact, now: int) -> None:
    """Forget what was spent and has been false since: it counts again once it becomes true."""
    for place in contact.places:
        for unit in tuple(place.spent) if place.spent else ():
            if not program.alternatives[unit].check.holds(contact, now):
                place.spent.discard(unit)


def _leave(turn: Turn, track: int, place: Place) -> Hop | None:
    for way in turn.program.ways(track, place.stage, turn.dirty).out:
        if _opens(turn, way, place):
            told = _leave_evidence(turn, way, track, place)
            go_back(turn, track, way.rule.goto, way.rule)
            return _hop(way, told)
    return None


def _hop(way: Exit, told: tuple[Evidence, ...]) -> Hop:
    return Hop(
        to=way.rule.goto,
        path=(way.rule.goto,),
        criterion=way.rule.path,
        reason=way.rule.reason,
        evidence=told,
    )


def _opens(turn: Turn, way: Exit, place: Place) -> bool:
    after, check = way.rule.after_ms, way.check
    if after is not None and turn.now < place.since + after:
        return False
    if check is None:
        return after is not None
    return check.holds(turn.contact, turn.now)


def _leave_evidence(turn: Turn, way: Exit, track: int, place: Place) -> tuple[Evidence, ...]:
    told: tuple[Evidence, ...] = ()
    if way.rule.after_ms is not None:
        span = words.duration(way.rule.after_ms)
        waited: Evidence = {
            "path": way.rule.path,
            "fact": f"in this stage for {span}",
            "value": f"since {words.moment(place.since)}",
            "threshold": span,
            "met": True,
            "events": [],
        }
        told = (waited,)
    if way.rule.when is not None:
        told += Witness(turn.program, track, turn.contact, turn.now).tell(way.rule.when)
    return told


def _enter(turn: Turn, track: int, place: Place) -> Hop | None:
    contact, now = turn.contact, turn.now
    for way in turn.program.ways(track, place.stage, turn.dirty).up:
        if not way.check.holds(contact, now):
            place.spent.discard(way.unit)
        elif way.unit not in place.spent:
            return _climb(turn, track, place, way)
    return None


def _climb(turn: Turn, track: int, place: Place, way: Alternative) -> Hop:
    """Enter a stage and every one passed on the way that this cycle has not been to."""
    stages = turn.program.plan.stages
    told = Witness(turn.program, track, turn.contact, turn.now).tell(way.condition)
    origin = place.stage
    passed = rank_of(turn.program, origin)
    if origin != NO_STAGE and stages[origin].detour:
        passed = min(place.furthest, way.rank - 1)
    ladder = turn.program.plan.tracks[track].stages
    path = tuple(stage for stage in ladder if passed < stages[stage].rank <= way.rank)
    for stage in path:
        arrive(turn, place, stage)
    place.came_from = origin
    return Hop(to=way.stage, path=path, criterion=way.condition.path, reason=None, evidence=told)
