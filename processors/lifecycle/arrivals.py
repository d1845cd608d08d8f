"""Entering a stage, and going back: what is remembered, reset and spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.contact import NO_STAGE, Floor

if TYPE_CHECKING:
    from processors.lifecycle.contact import Place
    from processors.lifecycle.plan import Leave
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Turn


def rank_of(program: Program, stage: int) -> int:
    """Rank on its ladder; -1 for a detour and for no stage."""
    return program.plan.stages[stage].rank if stage != NO_STAGE else -1


def arrive(turn: Turn, place: Place, stage: int) -> None:
    """Enter a stage. A hand-off answered for an earlier entry is not this one's."""
    shape = turn.program.plan.stages[stage]
    _be_at(turn, place, stage)
    place.furthest = max(place.furthest, shape.rank)
    first, _latest = place.entries.get(stage, (turn.now, turn.now))
    place.entries[stage] = (first, turn.now)
    place.status = shape.statuses[0] if shape.statuses else None
    if shape.handoff is not None:
        drop_answered(place)


def go_back(turn: Turn, track: int, to: int, rule: Leave | None) -> None:
    """Move back or aside (`to` may be NO_STAGE): reset, perhaps recycle, mark what is spent.

    A rule that resets something recycles: a new cycle begins.
    """
    place = turn.contact.places[track]
    rank = rank_of(turn.program, to)
    if rule is not None:
        _reset(turn, rule)
        if rule.reset_counts or rule.reset_scores:
            place.cycle, place.cycle_since, place.furthest = place.cycle + 1, turn.now, -1
            drop_answered(place)
    if to == NO_STAGE:
        _be_at(turn, place, to)
        place.status = None
    else:
        arrive(turn, place, to)
    for way in turn.program.climbs[track]:
        if way.rank > rank and way.check.holds(turn.contact, turn.now):
            place.spent.add(way.unit)


def drop_answered(place: Place) -> bool:
    """Forget a hand-off that is closed; tell whether there was one."""
    closed = place.handoff is not None and place.handoff.status != "open"
    if closed:
        place.handoff = None
    return closed


def _be_at(turn: Turn, place: Place, stage: int) -> None:
    place.came_from, place.stage, place.since = place.stage, stage, turn.now
    place.entered_by, place.in_doubt = turn.event_id or "", False
    turn.dirty = turn.program.inputs.everything
    turn.contact.reading = turn.contact.fit = None


def _reset(turn: Turn, rule: Leave) -> None:
    contact, floor = turn.contact, Floor(turn.now, turn.contact.position)
    if rule.reset_counts:
        contact.counts_floor = floor
        for _behaviour, _bit, accumulator in turn.program.counters:
            accumulator.clear(contact)
    for score in rule.reset_scores:
        contact.score_floors[score] = floor
    for _behaviour, score, filter_ in turn.program.filters:
        if score in rule.reset_scores:
            filter_.clear(contact)
