"""Taking another contact's history in: accumulators are united, and the other's stage is a floor.

A contact that has no history of its own takes the other's places over as they are. Otherwise the stage of an
id that was only provisional is a floor, and of an identified contact a stage that sales owns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from processors.lifecycle.arrivals import arrive, rank_of
from processors.lifecycle.contact import NEVER_BEFORE, NO_STAGE
from processors.lifecycle.evidence import Witness
from processors.lifecycle.membership import newer
from processors.lifecycle.turn import Hop
from processors.lifecycle.voids import undo

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact, Floor, Place
    from processors.lifecycle.plan import Condition
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Evidence, Turn

PROVISIONAL = ("anon:", "email:")  # ids that stand for a contact until a better one is known


def unite(program: Program, contact: Contact, other: Contact) -> None:
    """Add what another contact accumulated and heard. An event that both counted counts once."""
    for record in program.ring.shared(contact.seen, other.seen):
        undo(program, other, record, "")
    for accumulator in program.accumulators():
        accumulator.merge(contact, other)
    contact.seen = program.ring.merge(contact.seen, other.seen)
    for name, latest in other.last.items():
        if name not in contact.last or latest.at > contact.last[name].at:
            contact.last[name] = latest
    for name, deal in other.deals.items():
        if name not in contact.deals or deal.at > contact.deals[name].at:
            contact.deals[name] = deal
    for field, (at, value) in other.profile.items():
        if field not in contact.profile or at > contact.profile[field][0]:
            contact.profile[field] = (at, value)
    contact.employer = newer(contact.employer, other.employer)
    contact.reading = contact.fit = None  # what was read of the contact alone
    _unite_spans(contact, other)


def raise_to(turn: Turn, track: int, theirs: Place, other_id: str) -> None:
    """Bring a track at least to where the other contact was."""
    place, stages = turn.contact.places[track], turn.program.plan.stages
    origin = place.stage
    path: tuple[int, ...] = ()
    if origin == NO_STAGE and not place.entries:
        place = _take_over(turn, track, theirs)
        path = _up_to(turn, track, NO_STAGE, place.stage) or (place.stage,)
    elif theirs.stage != NO_STAGE and _is_floor(turn.program, theirs.stage, other_id):
        path = _climb(turn, track, theirs.stage)
    if place.stage != origin:
        hop = Hop(
            to=place.stage,
            path=path,
            criterion=f"{stages[place.stage].path}.enter",
            reason=f"history of {other_id}",
            evidence=still_true(turn, track, stages[place.stage].enter),
        )
        turn.hops.setdefault(track, []).append(hop)


def still_true(turn: Turn, track: int, enter: Condition | None) -> tuple[Evidence, ...]:
    """Tell why the stage would be entered anew; nothing where what once led into it holds no longer."""
    witness = Witness(turn.program, track, turn.contact, turn.now)
    return witness.tell(enter) if enter is not None and witness.holds(enter) else ()


def _take_over(turn: Turn, track: int, theirs: Place) -> Place:
    """As they are; a hand-off that is still open is made anew under the new id."""
    mine = turn.contact.places[track]
    answered = theirs.handoff if theirs.handoff is not None and theirs.handoff.status != "open" else None
    taken = turn.contact.places[track] = replace(
        theirs,
        shown=mine.shown,
        shown_since=mine.shown_since,
        override=mine.override or theirs.override,
        handoff=answered,
    )
    turn.dirty = turn.program.inputs.everything
    return taken


def _is_floor(program: Program, stage: int, other_id: str) -> bool:
    teams = {one.handoff.to for one in program.plan.stages if one.handoff is not None} | {"sales"}
    return other_id.startswith(PROVISIONAL) or program.plan.stages[stage].owner in teams


def _climb(turn: Turn, track: int, to: int) -> tuple[int, ...]:
    place = turn.contact.places[track]
    origin = place.stage
    path = _up_to(turn, track, origin, to)
    for stage in path:
        arrive(turn, place, stage)
    if path:
        place.came_from = origin
    return path


def _up_to(turn: Turn, track: int, origin: int, to: int) -> tuple[int, ...]:
    """Stages of the ladder above `origin`, up to and including `to`."""
    stages, low, high = turn.program.plan.stages, rank_of(turn.program, origin), rank_of(turn.program, to)
    return tuple(one for one in turn.program.plan.tracks[track].stages if low < stages[one].rank <= high)


def _unite_spans(contact: Contact, other: Contact) -> None:
    if other.first_seen != NEVER_BEFORE:
        contact.first_seen = min(contact.first_seen, other.first_seen)
    contact.last_counted = max(contact.last_counted, other.last_counted)
    firsts = [touch for touch in (contact.first_touch, other.first_touch) if touch is not None]
    lasts = [touch for touch in (contact.last_touch, other.last_touch) if touch is not None]
    contact.first_touch = min(firsts, key=lambda touch: touch[:2], default=None)
    contact.last_touch = max(lasts, key=lambda touch: touch[:2], default=None)
    contact.counts_floor = _later(contact.counts_floor, other.counts_floor)
    for score, floor in other.score_floors.items():
        contact.score_floors[score] = _later(contact.score_floors.get(score), floor) or floor
    contact.merged += [other.id, *other.merged]
    contact.clamped += other.clamped


def _later(one: Floor | None, other: Floor | None) -> Floor | None:
    """Choose the later reset; the log position of another contact's partition means nothing here."""
    if other is None or (one is not None and one.at >= other.at):
        return one
    return other._replace(position=-1)
