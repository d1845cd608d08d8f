"""Taking a voided engagement (a bot, a test) back out.

Sums and counts are undone exactly. Where what is kept does not reach far enough to tell what is left, the
contact has to be folded again from history: `refold_needed`. A stage that was entered only on the strength of
what is now voided is left again, and its hand-off withdrawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle.arrivals import go_back, rank_of
from processors.lifecycle.contact import NO_STAGE
from processors.lifecycle.newest import Entry
from processors.lifecycle.seen import ANY_SOURCE, id_hash
from processors.lifecycle.turn import Hop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.contact import Contact, Place
    from processors.lifecycle.program import Program
    from processors.lifecycle.seen import Record
    from processors.lifecycle.turn import Turn


def void(turn: Turn, event: Mapping[str, Any]) -> int:
    """Fold engagement_voided. Returns the dirty bits."""
    program, contact, voided = turn.program, turn.contact, event["voids"]
    records = program.ring.records_of(contact.seen, voided)
    if not records:
        _void_unseen(turn, voided)
        return 0
    held = _entered_by_right(turn)
    dirty, exact = 0, True
    for record in records:
        contact.seen = program.ring.clear(contact.seen, record)
        undone, was_exact = undo(program, contact, record, voided)
        dirty, exact = dirty | undone, exact and was_exact
    known = [
        exact,
        _forget_last(contact, voided),
        _forget_touches(contact, voided),
        _forget_employer(contact, voided),
    ]
    contact.reading = None
    if not all(known):
        _doubt(turn, held, voided)
        return 0
    for track, place in enumerate(contact.places):
        founded = held | {place.stage} if place.entered_by == voided else held
        leave_unfounded(turn, track, founded, event["reason"])
    return dirty | turn.dirty | program.inputs.last


def undo(program: Program, contact: Contact, record: Record, event_id: str) -> tuple[int, bool]:
    """Undo what `gather` counted of a record. Returns dirty bits, and whether what is left is exact."""
    touched, entry = program.touched(record.mask), Entry(record.at, event_id)
    exact, floor = True, contact.counts_floor
    for counter in touched.counts:
        if floor is None or record.at > floor.at:
            exact = counter.take(contact, entry) and exact
    for score, rule in touched.rules:
        reset = contact.score_floors.get(score)
        if reset is None or record.at > reset.at:
            exact = rule.take(contact, entry) and exact
    floors = [floor, *contact.score_floors.values()]
    return touched.dirty, exact and all(one is None or one.at != record.at for one in floors)


def _entered_by_right(turn: Turn) -> set[int]:
    """List the stages whose `enter` holds."""
    contact, now = turn.contact, turn.now
    return {one.stage for one in turn.program.alternatives if one.check.holds(contact, now)}


def _doubt(turn: Turn, held: set[int], voided: str) -> None:
    """Leave it to the history whether a stage was founded on what is voided."""
    for place in turn.contact.places:
        place.in_doubt = place.stage in held or place.entered_by == voided
    turn.ask_refold(f"event {voided} was voided")


def _void_unseen(turn: Turn, voided: str) -> None:
    """Not among the events remembered: perhaps it is still to come, and then it must not count."""
    ring, contact = turn.program.ring, turn.contact
    if ring.full(contact.seen):
        _doubt(turn, _entered_by_right(turn), voided)
    contact.seen = ring.add(contact.seen, id_hash(voided) + ANY_SOURCE, turn.at, 0)


def _forget_last(contact: Contact, voided: str) -> bool:
    """Drop it from the newest events; False when only history knows the one before."""
    gone = [name for name, latest in contact.last.items() if latest.event_id == voided]
    for name in gone:
        del contact.last[name]
    return not gone


def _forget_touches(contact: Contact, voided: str) -> bool:
    """Drop it from the touches; False when it was the first, as only history knows the second.

    The one before the last is not known either, but the next one will be the last again.
    """
    if contact.last_touch is not None and contact.last_touch.event_id == voided:
        contact.last_touch = None
    if contact.first_touch is None or contact.first_touch.event_id != voided:
        return True
    contact.first_touch = None
    return False


def _forget_employer(contact: Contact, voided: str) -> bool:
    """Drop it as what names the company; False when only history knows what did so before."""
    if contact.employer is None or contact.employer.event_id != voided:
        return True
    contact.employer = None
    return False


def leave_unfounded(turn: Turn, track: int, founded: set[int], reason: str | None) -> None:
    """Leave a stage whose `enter` was founded on what is voided; and so on with the one below it."""
    program, place = turn.program, turn.contact.places[track]
    while place.stage in founded and rank_of(program, place.stage) >= 0 and not _enters(turn, place.stage):
        left = program.plan.stages[place.stage]
        to = _lower_ground(turn, track, place)
        go_back(turn, track, to, None)
        place.came_from = NO_STAGE
        said = "its engagement was voided" + (f": {reason}" if reason else "")
        path = () if to == NO_STAGE else (to,)
        hop = Hop(to=to, path=path, criterion=f"{left.path}.enter", reason=said, evidence=())
        turn.hops.setdefault(track, []).append(hop)


def _enters(turn: Turn, stage: int) -> bool:
    """Whether the `enter` of a stage holds."""
    ways = (one for one in turn.program.alternatives if one.stage == stage)
    return any(way.check.holds(turn.contact, turn.now) for way in ways)


def _lower_ground(turn: Turn, track: int, place: Place) -> int:
    """Find where to go back to: where it came from, or the highest stage below whose `enter` holds."""
    program, stages = turn.program, turn.program.plan.stages
    rank, origin = rank_of(program, place.stage), place.came_from
    if origin != NO_STAGE and stages[origin].detour:
        return origin
    below = [one for one in program.climbs[track] if one.rank < rank]
    held = (one.stage for one in below if one.check.holds(turn.contact, turn.now))
    ground = next(held, NO_STAGE)
    return origin if rank > rank_of(program, origin) > rank_of(program, ground) else ground
