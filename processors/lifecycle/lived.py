"""A contact as another definition would have had it: the events of its log, folded from the first one.

Two kinds of records speak the language of the definition under which they were written. An answer names a
hand-off of that definition; under another one it answers the hand-off that is open. A transferred history is
a state of that definition; here it is worked out again from the events of the contact it comes from.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from processors.lifecycle.contact import Contact
from processors.lifecycle.fold import fold, tick
from processors.lifecycle.program import program_of
from processors.lifecycle.refold import Log, refold_contact
from processors.lifecycle.state import dump, position_of, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from processors.lifecycle.plan import Plan

    Event = Mapping[str, Any]
    History = Callable[[str], Iterable[Event]]
    """All that the log holds of a contact, in order, with the clock records of its partition."""
    Transferred = Callable[[Event], bytes]
    """Gives the state that came with a transfer, as this definition would have had it."""

ANSWERS = ("handoff_accepted", "handoff_rejected")


class Missing(Exception):  # noqa: N818 - a question, not an error
    """The state that came with a transfer has to be worked out first."""

    def __init__(self, transfer: Event) -> None:
        super().__init__(transfer["event_id"])
        self.transfer = transfer


def is_foreign(plan: Plan, event: Event) -> bool:
    """Tell whether an event holds a state that this plan cannot read."""
    return event["type"] == "history_transferred" and shape_of(event["state"]) != program_of(plan).shape


def as_lived(plan: Plan, event: Event, transferred: Transferred) -> Event:
    """Say what an event, written under any definition, would have been under this one."""
    if event["type"] in ANSWERS and event["handoff"] is not None:
        return {**event, "handoff": None}
    if event["type"] == "history_transferred" and event["plan_hash"] != plan.plan_hash:
        return {**translated(event, transferred), "plan_hash": plan.plan_hash}
    return event


def translated(event: Event, transferred: Transferred) -> Event:
    """Put the state that another definition has passed on in the place of the one recorded."""
    return {**event, "state": transferred(event)}


def transferred_state(plan: Plan, history: History, transfer: Event, known: dict[str, bytes]) -> bytes:
    """Work out the state that a contact passed on with a transfer, by the events told to it until then.

    What it was passed on itself comes first, one after the other: contacts that are merged to and fro make a
    long chain, and each link of it depends on all before. All that is worked out is noted in `known`.
    """
    wanted = [] if transfer["event_id"] in known else [transfer]
    while wanted:
        try:
            state = _passed_on(plan, history, wanted[-1], known)
        except Missing as missing:
            wanted.append(missing.transfer)
        else:
            known[wanted.pop()["event_id"]] = state
    return known[transfer["event_id"]]


def _passed_on(plan: Plan, history: History, transfer: Event, known: Mapping[str, bytes]) -> bytes:
    contact, contact_id = Contact(), transfer["other"]
    until = position_of(transfer["state"])
    told: list[Event] = []

    def of_others(other: Event) -> bytes:
        if other["event_id"] not in known:
            raise Missing(other)
        return known[other["event_id"]]

    def told_to(one: str) -> Iterable[Event]:
        return told if one == contact_id else (event for event in history(one) if event["contact_id"])

    log = Log(told_to, lambda event: as_lived(plan, event, of_others))
    for recorded in takewhile(lambda one: one["position"] <= until, history(contact_id)):
        due = contact.next_due
        if recorded["type"] == "clock_advanced" and due is not None and due <= recorded["at"]:
            tick(plan, contact, recorded["at"])
        if recorded["contact_id"] is None:
            continue
        event = as_lived(plan, recorded, of_others)
        told.append(event)
        for change in fold(plan, contact, event):
            if change["record"] == "history_transferred" and change["event_id"] == transfer["event_id"]:
                return bytes(change["state"])
            if change["record"] == "refold_needed":
                refold_contact(plan, contact, log)
    return dump(program_of(plan), contact)
