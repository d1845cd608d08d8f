"""Folding a contact again from its history, where what it keeps cannot tell what is left.

Only what was counted and heard is made anew: the moves have happened, the hand-offs were sent, and stay. What
the new counts ask for follows from them at the contact's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import heard
from processors.lifecycle.contact import NEVER_BEFORE, Contact
from processors.lifecycle.fold import begin, time_of
from processors.lifecycle.gather import gather
from processors.lifecycle.merging import unite
from processors.lifecycle.program import program_of
from processors.lifecycle.seen import key_of
from processors.lifecycle.settle import settle
from processors.lifecycle.state import load
from processors.lifecycle.turn import Turn
from processors.lifecycle.voids import leave_unfounded
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from processors.lifecycle.plan import Plan
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Change

    Event = Mapping[str, Any]

HEARD = {"contact_updated": heard.update_profile, "deal_changed": heard.change_deal}
ACCUMULATED = (
    "seen", "newest", "distinct", "horizons", "periods", "tallies", "sums", "stamps", "values", "capped",
    "last", "profile", "deals", "first_touch", "last_touch", "first_seen", "last_counted",
)  # fmt: skip


def refold_contact(plan: Plan, contact: Contact, history: Iterable[Event]) -> tuple[Change, ...]:
    """Make anew what a contact accumulated, from every event of its log up to its position, in order.

    Voided events are left out. Of the contact's own state the moves, hand-offs and resets are kept.
    """
    program = program_of(plan)
    events = [event for event in history if event["position"] <= contact.position]  # the log may go on
    voided = {event["voids"] for event in events if event["type"] == "engagement_voided"}
    fresh = Contact(counts_floor=contact.counts_floor, score_floors=dict(contact.score_floors))
    begin(program, fresh, contact.id)
    fresh.places, fresh.clock = contact.places, contact.clock
    for event in events:
        _count(program, fresh, event, voided)
    for name in ACCUMULATED:
        setattr(contact, name, getattr(fresh, name))
    turn = Turn(program=program, contact=contact, now=contact.clock, dirty=program.inputs.everything)
    contact.reading = contact.fit = None
    contact.totals = {}
    for track, place in enumerate(contact.places):
        doubted = place.in_doubt or place.entered_by in voided
        place.in_doubt = False
        leave_unfounded(turn, track, {place.stage} if doubted else set(), None)
    settle(turn)
    return tuple(turn.out)


def _count(program: Program, fresh: Contact, event: Event, voided: set[str]) -> None:
    turn = Turn(program=program, contact=fresh, now=fresh.clock, event=event, late=True)
    turn.at = time_of(turn, event)
    key = key_of(event["source"], event["event_id"])
    if program.ring.has(fresh.seen, key):
        return
    if event["event_id"] in voided:
        fresh.seen = program.ring.add(fresh.seen, key, turn.at, 0)
        return
    fresh.position = event["position"]
    if fresh.first_seen == NEVER_BEFORE or turn.at < fresh.first_seen:
        fresh.first_seen = turn.at
    gather(turn, event, key)
    if event["type"] in HEARD:
        HEARD[event["type"]](turn, event)
    elif event["type"] == "history_transferred":
        _unite(program, fresh, event)


def _unite(program: Program, fresh: Contact, event: Event) -> None:
    try:
        unite(program, fresh, load(program, event["state"]))
    except LifecycleError:  # another plan's shape: its own events are in the history too, if they are known
        return
