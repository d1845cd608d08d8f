"""Hand-offs: offered on entering a stage, answered, reminded of, escalated, expired, withdrawn.

A contact has at most one per track. Its id is a hash of the contact and the entry, so the same history gives
the same id, and an entry never offers twice.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from processors.lifecycle.business_hours import add_business_time
from processors.lifecycle.changes import handoff_changed
from processors.lifecycle.contact import Handoff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle import plan
    from processors.lifecycle.contact import Place
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Shift, Turn

ACTIONS = {"escalate": "escalated", "reassign": "reassigned", "alert": "alerted", "expire": "expired"}


def follow(turn: Turn, shift: Shift) -> None:
    """Withdraw what the contact has moved away from, prepare what the new stage asks for."""
    place = shift.place
    if place.handoff is not None and place.handoff.status == "open":
        if place.handoff.sent:
            shown = "no stage" if place.shown < 0 else turn.program.plan.stages[place.shown].id
            withdraw(turn, place, f"moved on to {shown}", shift.hops[-1].criterion)
        else:
            place.handoff = None
    rule = turn.program.plan.stages[place.shown].handoff if place.shown >= 0 else None
    answered = place.handoff is not None and place.handoff.stage == place.shown
    if rule is not None and not answered:
        place.handoff = Handoff(
            id=_id(turn, shift), stage=place.shown, cycle=place.cycle, offered_at=turn.now, accept_by=None
        )
        turn.offered_for = shift.hops[-1].evidence


def offer(turn: Turn, place: Place) -> None:
    """Send a hand-off that is prepared; one of a contact not yet identified waits."""
    handoff = place.handoff
    if handoff is None or handoff.sent or handoff.status != "open" or turn.contact.anonymous:
        return
    rule = _rule(turn.program, handoff)
    handoff.sent, handoff.offered_at = True, turn.now
    handoff.accept_by = _deadline(turn.program, rule, turn.now, rule.accept_within_ms)
    _plan_next_step(turn.program, handoff)
    turn.out.append(handoff_changed(turn, place, handoff, "offered", (rule.path, None, None)))


def fire(turn: Turn, place: Place) -> None:
    """Do the reminders and breaches that are due."""
    while (handoff := place.handoff) and handoff.step_due is not None and handoff.step_due <= turn.now:
        _after, action, path = _steps(_rule(turn.program, handoff))[handoff.steps]
        handoff.steps += 1
        _plan_next_step(turn.program, handoff)
        if action == "expired":
            _close(handoff, "expired")
            turn.dirty |= turn.program.inputs.handoff
        turn.out.append(handoff_changed(turn, place, handoff, action, (path, None, None)))


def answer(turn: Turn, event: Mapping[str, Any]) -> int:
    """Fold handoff_accepted and handoff_rejected. Returns the dirty bits."""
    status = "accepted" if event["type"] == "handoff_accepted" else "rejected"
    place = _asked(turn, event["handoff"])
    if place is None or place.handoff is None:
        turn.refuse("no hand-off of that id is open" if event["handoff"] else "no hand-off is open")
        return 0
    if place.handoff.status != "open":
        turn.refuse(f"the hand-off is {place.handoff.status} already")
        return 0
    _close(place.handoff, status)
    said = (_rule(turn.program, place.handoff).path, event["reason"], event["actor"])
    turn.out.append(handoff_changed(turn, place, place.handoff, status, said))
    return turn.program.inputs.handoff


def withdraw(turn: Turn, place: Place, reason: str, criterion: str) -> None:
    """Take back a hand-off that was sent."""
    if place.handoff is not None and place.handoff.sent:
        _close(place.handoff, "withdrawn")
        said = (criterion, reason, None)
        turn.out.append(handoff_changed(turn, place, place.handoff, "withdrawn", said))
        turn.dirty |= turn.program.inputs.handoff


def take_over(turn: Turn, place: Place, sent: Handoff) -> None:
    """Keep a hand-off that was sent under other criteria: its deadline stands, reminders follow these."""
    rule = _rule(turn.program, sent)
    dues = [_deadline(turn.program, rule, sent.offered_at, after) for after, _action, _path in _steps(rule)]
    sent.steps = sum(due is not None and due <= turn.now for due in dues)
    place.handoff = sent
    if sent.status == "open":
        _plan_next_step(turn.program, sent)


def prepare_anew(turn: Turn, place: Place) -> None:
    """Make a hand-off one that was never sent, under an id that none had before it."""
    if place.handoff is not None:
        contact, stage = turn.contact, turn.program.plan.stages[place.handoff.stage].id
        said = f"{contact.stage_changes}\n{contact.handoff_changes}"
        entry = f"{contact.id}\n{stage}\n{place.cycle}\n{said}"
        place.handoff = Handoff(
            id=_hash(entry), stage=place.handoff.stage, cycle=place.cycle, offered_at=turn.now, accept_by=None
        )


def _close(handoff: Handoff, status: str) -> None:
    handoff.status, handoff.step_due = status, None


def _asked(turn: Turn, handoff_id: str | None) -> Place | None:
    """Find the place whose hand-off is answered: by id, else the one that is open."""
    sent = [place for place in turn.contact.places if place.handoff is not None and place.handoff.sent]
    for place in sent:
        if place.handoff is not None and (
            place.handoff.id == handoff_id if handoff_id else place.handoff.status == "open"
        ):
            return place
    return None


def _rule(program: Program, handoff: Handoff) -> plan.Handoff:
    rule = program.plan.stages[handoff.stage].handoff
    if rule is None:
        raise ValueError(f"stage {program.plan.stages[handoff.stage].id} offers no hand-off")
    return rule


def _deadline(program: Program, rule: plan.Handoff, start: int, after: int | None) -> int | None:
    if after is None or rule.clock == "wall":
        return None if after is None else start + after
    return add_business_time(program.calendar, program.plan.business_hours, start, after)


def _steps(rule: plan.Handoff) -> list[tuple[int, str, str]]:
    """Reminder and breaches in the order they fall due: after, action, path in the file."""
    reminders = [] if rule.remind_ms is None else [(rule.remind_ms, "reminded", f"{rule.path}.remind")]
    breaches = [
        (breach.after_ms, ACTIONS[breach.do], f"{rule.path}.on_breach[{index}]")
        for index, breach in enumerate(rule.on_breach)
    ]
    return sorted(reminders + breaches, key=lambda step: step[0])


def _plan_next_step(program: Program, handoff: Handoff) -> None:
    rule = _rule(program, handoff)
    steps = _steps(rule)
    after = steps[handoff.steps][0] if handoff.steps < len(steps) else None
    handoff.step_due = _deadline(program, rule, handoff.offered_at, after)


def _id(turn: Turn, shift: Shift) -> str:
    """24 hex digits: hash of contact, stage, cycle and which move of the contact it was."""
    contact, place = turn.contact, shift.place
    stage = turn.program.plan.stages[place.shown].id
    entry = f"{contact.id}\n{stage}\n{place.cycle}\n{contact.stage_changes}"
    return _hash(entry)


def _hash(entry: str) -> str:
    return sha256(entry.encode()).hexdigest()[:24]
