"""A contact's state in words and numbers, and what is missing for the next stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import changes, state
from processors.lifecycle.arrivals import rank_of
from processors.lifecycle.contact import NEVER_BEFORE, Place
from processors.lifecycle.evidence import Witness
from processors.lifecycle.program import program_of

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact, Handoff, Override
    from processors.lifecycle.plan import Plan
    from processors.lifecycle.program import Alternative, Program

    Facts = dict[str, Any]


def describe(plan: Plan, written: bytes) -> Facts:
    """Tell everything that a state holds, as JSON values; `{}` for a contact never seen.

    Points are thousandths, times ms UTC. The parts of a score sum to it.
    """
    program = program_of(plan)
    contact = state.load(program, written)
    if not contact.id:
        return {}
    now = contact.clock
    return {
        "contact_id": contact.id,
        "clock": now,
        "position": contact.position,
        "first_seen": _time(contact.first_seen),
        "last_counted": _time(contact.last_counted),
        "next_due": contact.next_due,
        "tracks": {
            track.id: _place(program, place) for track, place in zip(plan.tracks, contact.places, strict=True)
        },
        "score": changes.scores(program, contact, now),
        "score_parts": changes.score_parts(program, contact, now),
        "segments": {one.id: band for one, band in zip(plan.segments, contact.bands, strict=True)},
        "first_touch": changes.touch_record(contact.first_touch),
        "last_touch": changes.touch_record(contact.last_touch),
        "profile": {name: value for name, (_at, value) in sorted(contact.profile.items())},
        "deals": {name: deal._asdict() for name, deal in sorted(contact.deals.items())},
        **({} if plan.company is None else {"company": _company(contact)}),
        "forwarded_to": contact.forward_to,
        "merged": contact.merged,
        "erased": contact.erased,
        "refused": contact.refused,
        "clamped": contact.clamped,
    }


def why(plan: Plan, written: bytes) -> dict[str, Facts]:
    """Tell for each track what holds the contact where it is, and what is missing for each stage above.

    `here`: evidence of the present stage's `enter`, as it is now. `next`: for each higher stage, nearest
    first, its ways in with the evidence that is met and that is missing.
    """
    program = program_of(plan)
    contact = state.load(program, written)
    if not contact.id:
        return {}
    return {track.id: _prospects(program, contact, index) for index, track in enumerate(plan.tracks)}


def _prospects(program: Program, contact: Contact, track: int) -> Facts:
    place, stages = contact.places[track], program.plan.stages
    rank = rank_of(program, place.stage)
    above = [stage for stage in program.plan.tracks[track].stages if stages[stage].rank > rank]
    return {
        "stage": changes.stage_id(program, place.shown),
        "here": _ways(program, contact, track, place.stage),
        "next": [
            {"stage": stages[stage].id, "ways": _ways(program, contact, track, stage)} for stage in above
        ],
    }


def _ways(program: Program, contact: Contact, track: int, stage: int) -> list[Facts]:
    ways = (one for one in program.alternatives if one.stage == stage)
    return [_way(program, contact, track, way) for way in ways]


def _way(program: Program, contact: Contact, track: int, way: Alternative) -> Facts:
    """One way into a stage. `spent`: it holds since before a move back, and counts when it holds anew."""
    witness = Witness(program, track, contact, contact.clock)
    holds = witness.holds(way.condition)
    return {
        "criterion": way.condition.path,
        "holds": holds,
        "spent": holds and way.unit in contact.places[track].spent,
        "evidence": list(witness.tell(way.condition)),
    }


def _place(program: Program, place: Place) -> Facts:
    return {
        "stage": changes.stage_id(program, place.shown),
        "since": _time(place.shown_since),
        "own_stage": changes.stage_id(program, place.stage),
        "owner": changes.owner_of(program, place),
        "status": place.status,
        "cycle": place.cycle,
        "entries": {
            program.plan.stages[stage].id: {"first": first, "latest": latest}
            for stage, (first, latest) in sorted(place.entries.items())
        },
        "spent": sorted(program.alternatives[unit].condition.path for unit in place.spent),
        "override": None if place.override is None else _override(program, place.override),
        "handoff": None if place.handoff is None else _handoff(program, place.handoff),
        "next_deadline": changes.next_deadline(program, place),
    }


def _company(contact: Contact) -> Facts | None:
    """Show what the contact's company was told of it."""
    return None if contact.member is None else contact.member._asdict()


def _override(program: Program, held: Override) -> Facts:
    return {**held._asdict(), "stage": changes.stage_id(program, held.stage)}


def _handoff(program: Program, handoff: Handoff) -> Facts:
    return {
        "id": handoff.id,
        "stage": changes.stage_id(program, handoff.stage),
        "status": handoff.status,
        "offered_at": handoff.offered_at if handoff.sent else None,
        "accept_by": handoff.accept_by,
        "next_step": handoff.step_due,
    }


def _time(at: int) -> int | None:
    return None if at == NEVER_BEFORE else at
