"""The order of one event: skip what was seen, advance the clock, fold, then settle what follows.

This is the specification's list, in its order; each step is in the module of its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import words
from processors.lifecycle.contact import NEVER_BEFORE, Place
from processors.lifecycle.gather import gather
from processors.lifecycle.handlers import HANDLERS
from processors.lifecycle.moves import refresh_spent
from processors.lifecycle.program import program_of
from processors.lifecycle.seen import key_of
from processors.lifecycle.settle import advance, settle
from processors.lifecycle.transfers import at_ended
from processors.lifecycle.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.contact import Contact
    from processors.lifecycle.plan import Plan
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Change

    Event = Mapping[str, Any]


def fold(plan: Plan, contact: Contact, event: Event) -> tuple[Change, ...]:
    """Apply one event to a loaded contact; `event["position"]` is its place in the log."""
    contact_id, position = event["contact_id"], event["position"]
    if contact_id is None or position <= contact.position:
        return ()
    program = program_of(plan)
    if not contact.id:
        begin(program, contact, contact_id)
    turn = Turn(program=program, contact=contact, now=contact.clock, event=event)
    if contact.erased or contact.forward_to is not None:
        contact.position = position
        at_ended(turn, event)
        return tuple(turn.out)
    key = key_of(event["source"], event["event_id"])
    if program.ring.has(contact.seen, key):
        return ()
    _apply(turn, event, key)
    return tuple(turn.out)


def tick(plan: Plan, contact: Contact, clock: int) -> tuple[Change, ...]:
    """Advance a loaded contact's clock, firing every timer due up to then, each at its own time."""
    out: list[Change] = []
    if contact.id and clock > contact.clock and not contact.erased:
        advance(program_of(plan), contact, clock, out)
    return tuple(out)


def begin(program: Program, contact: Contact, contact_id: str) -> None:
    """Make the contact one that has been seen."""
    contact.id = contact_id
    contact.places = [Place() for _track in program.plan.tracks]
    contact.bands = [None] * len(program.segments)


def _apply(turn: Turn, event: Event, key: bytes) -> None:
    contact, program = turn.contact, turn.program
    at = turn.at = time_of(turn, event)
    turn.settled, turn.late = contact.clock, at < contact.clock
    if not turn.late:
        turn.settled = advance(program, contact, at, turn.out)
    contact.position = event["position"]  # only now: what a timer before it reset does not swallow this event
    turn.now = contact.clock
    refresh_spent(program, contact, turn.now)
    if contact.first_seen == NEVER_BEFORE or at < contact.first_seen:
        contact.first_seen, turn.dirty = at, program.inputs.everything
    gather(turn, event, key)
    handler = HANDLERS.get(event["type"])
    if handler is not None:
        turn.dirty |= handler(turn, event)
    ended = contact.erased or contact.forward_to is not None
    if turn.dirty and not ended and not turn.asks_history:
        settle(turn)
    elif program.memberships is not None and not turn.asks_history:
        program.memberships.tell(turn)


def time_of(turn: Turn, event: Event) -> int:
    """When it happened. What claims the future happened when it was received, and is flagged."""
    at, received = event["occurred_at"], event["received_at"]
    if received is None or at <= received + turn.program.plan.limits.future_skew_ms:
        return int(at)
    turn.contact.clamped += 1
    turn.notes.append(
        {
            "path": "limits.future_skew",
            "fact": "the event claims a time that was still to come when it was received",
            "value": words.moment(at),
            "threshold": words.moment(received),
            "met": False,
            "events": [event["event_id"]],
        }
    )
    return int(received)
