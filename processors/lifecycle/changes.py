"""The records a turn gives out, each with its reasons: shaped exactly like the `.avsc` of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import words
from processors.lifecycle.contact import NO_STAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.contact import Contact, Handoff, Place, Touch
    from processors.lifecycle.plan import Stage
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Change, Evidence, Shift, Turn


def stage_changed(turn: Turn, shift: Shift) -> Change:
    """Tell a move that the world sees."""
    program, contact, place = turn.program, turn.contact, shift.place
    contact.stage_changes += 1
    last = shift.hops[-1]
    evidence = [one for hop in shift.hops for one in hop.evidence]
    start, end = shift.start, stage_id(program, place.shown)
    return {
        **_head(turn, "stage_changed", contact.stage_changes, place.cycle),
        "track": program.plan.tracks[shift.track].id,
        "from": start,
        "to": end,
        "since": None if start is None else shift.since,
        "path": [program.plan.stages[stage].id for hop in shift.hops for stage in hop.path],
        "reason": last.reason,
        "cause": _cause(turn, last.criterion),
        "why": _why(turn, _moved(start, end, last.reason, evidence), evidence),
        "owner": owner_of(program, place),
        **tail(turn),
        "next_deadline": next_deadline(program, place),
    }


def segment_changed(
    turn: Turn, segment: int, change: tuple[str | None, str | None], evidence: Iterable[Evidence]
) -> Change:
    """Tell that a segment has another band; `change` is the old and the new band."""
    shape, contact = turn.program.plan.segments[segment], turn.contact
    contact.segment_changes += 1
    start, end = change
    told = list(evidence)
    path = next((band.path for band in shape.bands if band.id == end), f"segments.{shape.id}")
    summary = f"{shape.id} went from {start} to {end}" if start else f"{shape.id} is {end}"
    return {
        **_head(turn, "segment_changed", contact.segment_changes, contact.places[0].cycle),
        "segment": shape.id,
        "from": start,
        "to": end,
        "cause": _cause(turn, path),
        "why": _why(turn, summary + _because(told), told),
        "owner": owner_of(turn.program, contact.places[0]),
        **tail(turn),
    }


def handoff_changed(
    turn: Turn, place: Place, handoff: Handoff, action: str, said: tuple[str, str | None, str | None]
) -> Change:
    """One step in the life of a hand-off; `said` is criterion, reason, actor."""
    contact, stage = turn.contact, turn.program.plan.stages[handoff.stage]
    contact.handoff_changes += 1
    criterion, reason, actor = said
    evidence = list(turn.offered_for)
    to = stage.handoff.to if stage.handoff is not None else ""
    return {
        **_head(turn, "mql_handoff", contact.handoff_changes, handoff.cycle),
        "handoff": handoff.id,
        "stage": stage.id,
        "action": action,
        "to": to,
        "reason": reason,
        "actor": actor,
        "cause": _cause(turn, criterion),
        "why": _why(turn, _handed(stage, handoff, action, reason, evidence), evidence),
        "owner": owner_of(turn.program, place),
        **tail(turn),
        "accept_by": handoff.accept_by,
    }


def stage_id(program: Program, stage: int) -> str | None:
    """Id of a stage, None for no stage."""
    return None if stage == NO_STAGE else program.plan.stages[stage].id


def touch_record(touch: Touch | None) -> dict[str, Any] | None:
    """Shape a touch as the records have it."""
    if touch is None:
        return None
    return {
        "at": touch.at,
        "event_id": touch.event_id,
        "event_type": touch.event_type,
        "source": touch.source,
        "campaign": touch.campaign,
        "medium": touch.medium,
    }


def score_parts(program: Program, contact: Contact, now: int) -> list[dict[str, Any]]:
    """List every rule that gives or takes points; the parts of a score sum to it."""
    return [
        {"score": program.plan.scores[score].id, "rule": rule, "points": points}
        for score, rule, points in program.board.itemised(contact, now)
    ]


def scores(program: Program, contact: Contact, now: int) -> dict[str, int]:
    """Every score and `total`, thousandths of a point."""
    return dict(zip(program.board.names, program.board.read(contact, now).scores, strict=True))


def _head(turn: Turn, record: str, sequence: int, cycle: int) -> Change:
    return {
        "record": record,
        "contact_id": turn.contact.id,
        "sequence": sequence,
        "cycle": cycle,
        "at": turn.now,
    }


def tail(turn: Turn) -> Change:
    """Give the fields that every record ends with: the scores, and by which definition it was decided."""
    return {
        "score": scores(turn.program, turn.contact, turn.now),
        "lifecycle": turn.program.lifecycle,
        "plan_hash": turn.program.plan.plan_hash,
        "late": turn.late,
    }


def _cause(turn: Turn, criterion: str) -> dict[str, Any]:
    return {
        "criterion": criterion,
        "event_id": turn.event_id,
        "timer": criterion if turn.event is None and turn.replaced is None else None,
        "criteria_change": turn.replaced,
    }


def _why(turn: Turn, summary: str, evidence: list[Evidence]) -> dict[str, Any]:
    contact = turn.contact
    return {
        "summary": summary,
        "evidence": evidence + turn.notes,
        "score_parts": score_parts(turn.program, contact, turn.now),
        "first_touch": touch_record(contact.first_touch),
        "last_touch": touch_record(contact.last_touch),
        "crossing_touch": touch_record(turn.touch),
    }


def _moved(start: str | None, end: str | None, reason: str | None, evidence: list[Evidence]) -> str:
    if end is None:
        moved = "Is no longer known" if start is None else f"Is no longer {start}"
    else:
        moved = f"Became {end}" if start is None else f"Moved from {start} to {end}"
    return moved + (f" ({reason})" if reason else "") + _because(evidence)


def _because(evidence: list[Evidence]) -> str:
    facts = [f"{one['fact']} ({one['value']})" for one in evidence if one["met"]]
    return f": {'; '.join(facts)}." if facts else "."


def _handed(stage: Stage, handoff: Handoff, action: str, reason: str | None, evidence: list[Evidence]) -> str:
    to = stage.handoff.to if stage.handoff is not None else ""
    by = f", answer expected by {words.moment(handoff.accept_by)}" if handoff.accept_by else ""
    said = f": {reason}" if reason else ""
    told = {
        "offered": f"Offered to {to} as {stage.id}{by}{_because(evidence)}",
        "reminded": f"{to} was reminded of the hand-off as {stage.id}{by}.",
        "accepted": f"{to} accepted the hand-off as {stage.id}{said}.",
        "rejected": f"{to} rejected the hand-off as {stage.id}{said}.",
        "withdrawn": f"The hand-off to {to} as {stage.id} was withdrawn{said}.",
    }
    late = f"Nobody in {to} answered the hand-off as {stage.id} in time: {action}."
    return told.get(action, late)


def owner_of(program: Program, place: Place) -> str | None:
    """Team that owns the stage shown; None for no stage."""
    return None if place.shown == NO_STAGE else program.plan.stages[place.shown].owner or None


def next_deadline(program: Program, place: Place) -> int | None:
    """Find the nearest timed exit or hand-off deadline of the stage shown."""
    dues = []
    if place.stage != NO_STAGE and place.shown == place.stage:
        ways = program.exits[place.stage]
        dues = [place.since + way.rule.after_ms for way in ways if way.rule.after_ms is not None]
    handoff = place.handoff
    if handoff is not None and handoff.status == "open" and handoff.accept_by is not None:
        dues.append(handoff.accept_by)
    return min(dues, default=None)
