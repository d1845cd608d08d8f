"""Folding a contact again from its history, where what it keeps cannot tell what is left.

Only what was counted and heard is made anew: the moves have happened, the hand-offs were sent, and stay. What
the new counts ask for follows from them at the contact's clock. Left out is what was voided, also where
another contact passed it on, and what came from a contact until the merge with it was undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from processors.lifecycle import heard
from processors.lifecycle.contact import NEVER_BEFORE, Contact
from processors.lifecycle.fold import begin, time_of
from processors.lifecycle.gather import gather
from processors.lifecycle.merging import PROVISIONAL, unite
from processors.lifecycle.program import program_of
from processors.lifecycle.seen import key_of
from processors.lifecycle.settle import settle
from processors.lifecycle.state import load
from processors.lifecycle.turn import Turn
from processors.lifecycle.voids import leave_unfounded
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from processors.lifecycle.plan import Plan
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Change

    Event = Mapping[str, Any]

One = TypeVar("One", bound="Event")  # the kind that is given comes back
HEARD = {"contact_updated": heard.update_profile, "deal_changed": heard.change_deal}
ACCUMULATED = (
    "seen", "newest", "distinct", "horizons", "periods", "tallies", "sums", "stamps", "values", "capped",
    "last", "profile", "deals", "employer", "first_touch", "last_touch", "first_seen", "last_counted",
    "merged",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Log:
    """What contacts were told.

    `told`: all events of a contact, by its id, in order. `understood`: says one of them in the plan's terms.
    """

    told: Callable[[str], Iterable[Event]]
    understood: Callable[[Any], Event] = lambda event: event


def refold_contact(plan: Plan, contact: Contact, log: Log) -> tuple[Change, ...]:
    """Make anew what a contact accumulated, from every event of its log up to its position, in order.

    Of the contact's own state the moves, hand-offs and resets are kept.
    """
    program = program_of(plan)
    own = _own(contact, log)
    voided = _recount(program, contact, own, log, frozenset())
    turn = Turn(program=program, contact=contact, now=contact.clock, dirty=program.inputs.everything)
    if own and own[-1]["position"] == contact.position:  # the event that asked for it
        turn.event, turn.late = own[-1], own[-1]["occurred_at"] < contact.clock
    reason = own[-1].get("reason") if own and own[-1]["type"] == "engagement_voided" else None
    contact.reading = contact.fit = None
    contact.totals = {}
    for track, place in enumerate(contact.places):
        doubted = place.in_doubt or place.entered_by in voided
        place.in_doubt = False
        leave_unfounded(turn, track, {place.stage} if doubted else set(), reason)
    settle(turn)
    return tuple(turn.out)


def _own(contact: Contact, log: Log) -> list[Event]:
    """List the events that a contact has applied; the log may go on."""
    return [event for event in log.told(contact.id) if event["position"] <= contact.position]


def _recount(
    program: Program, contact: Contact, own: list[Event], log: Log, voided: AbstractSet[str]
) -> AbstractSet[str]:
    """Set what a contact accumulated, leaving out what was voided here or is in `voided`; returns both."""
    events = [log.understood(event) for event in without_undone(contact.id, own, log)]
    voided = voided | {event["voids"] for event in events if event["type"] == "engagement_voided"}
    fresh = Contact(counts_floor=contact.counts_floor, score_floors=dict(contact.score_floors))
    begin(program, fresh, contact.id)
    fresh.places, fresh.clock = contact.places, contact.clock
    elsewhere = voided - {event["event_id"] for event in events}
    for event in events:
        counted = _count(program, fresh, event, voided)
        if not _takes_in(fresh, event):
            continue
        if counted:
            _unite(program, fresh, event, log, elsewhere)
        else:
            fresh.merged.append(event["other"])  # voided: still a part of it, erased with it
    contact.clock = fresh.clock
    for name in ACCUMULATED:
        setattr(contact, name, getattr(fresh, name))
    return voided


def without_undone(contact_id: str, own: Sequence[One], log: Log) -> list[One]:
    """Leave out what came from another contact before the merge with it was undone, or went back to it.

    `own`: what the contact was told, each event with its log `position`, in order.
    """
    own = _without_returned(contact_id, own)
    theirs = {
        other: (spans, {(event["source"], event["event_id"]) for event in log.told(other)})
        for other, spans in _undone(contact_id, own).items()
    }
    return [event for event in own if not any(_came(event, other, *was) for other, was in theirs.items())]


def _without_returned(contact_id: str, own: Sequence[One]) -> list[One]:
    """Leave out histories that were only passed on to whom they came from: they closed a circle of merges."""
    kept: list[One] = []
    into: str | None = None  # whose part the contact is at that event
    for event in own:
        match event["type"]:
            case "contacts_merged":
                into = into or event["into"]
            case "contact_identified" if contact_id.startswith(PROVISIONAL):
                into = event["into"]
            case "history_transferred" | "merge_undone" if event["other"] == contact_id:
                into = None
            case "history_transferred" if event["other"] == into:
                continue
        kept.append(event)
    return kept


def _undone(contact_id: str, own: Iterable[Event]) -> dict[str, list[range]]:
    """Find from where to where others were part of a contact until that was undone, by their ids."""
    since: dict[str, int] = {}
    undone: dict[str, list[range]] = {}
    for event in own:
        if event["type"] == "history_transferred" and event["other"] != contact_id:
            since.setdefault(event["other"], event["position"])
        elif event["type"] == "merge_undone" and event["other"] in since:
            span = range(since.pop(event["other"]), event["position"])
            undone.setdefault(event["other"], []).append(span)
    return undone


def _came(
    event: Event, other: str, spans: Iterable[range], theirs: AbstractSet[tuple[str | None, str]]
) -> bool:
    """Tell whether an event came from another contact while that was part of this one.

    What both know but came before that went the other way: this one was part of that.
    """
    transferred = event["type"] == "history_transferred" and event["other"] == other
    known = transferred or (event["source"], event["event_id"]) in theirs
    return known and any(event["position"] in span for span in spans)


def _count(program: Program, fresh: Contact, event: Event, voided: AbstractSet[str]) -> bool:
    """Count an event, unless it was counted before or is voided; tell whether it was."""
    turn = Turn(program=program, contact=fresh, now=fresh.clock, event=event, late=True)
    turn.at = time_of(turn, event)
    key = key_of(event["source"], event["event_id"])
    if program.ring.has(fresh.seen, key):
        return False
    fresh.clock = max(fresh.clock, turn.at)  # it stood still while what came was passed on
    if event["event_id"] in voided:
        fresh.seen = program.ring.add(fresh.seen, key, turn.at, 0)
        return False
    fresh.position = event["position"]
    if fresh.first_seen == NEVER_BEFORE or turn.at < fresh.first_seen:
        fresh.first_seen = turn.at
    gather(turn, event, key)
    if event["type"] in HEARD:
        HEARD[event["type"]](turn, event)
    return True


def _takes_in(fresh: Contact, event: Event) -> bool:
    return (
        event["type"] == "history_transferred"
        and event["other"] != fresh.id
        and event["other"] not in fresh.merged
    )


def _unite(program: Program, fresh: Contact, event: Event, log: Log, voided: AbstractSet[str]) -> None:
    """Take a transferred history in; what was voided since and may be in it is taken out of it first."""
    try:
        other = load(program, event["state"])
    except LifecycleError:  # another plan's shape: its own events are in the history too, if they are known
        fresh.merged.append(event["other"])
        return
    ring = program.ring
    if voided and (ring.full(other.seen) or any(ring.records_of(other.seen, one) for one in voided)):
        _recount(program, other, _own(other, log), log, voided)
    unite(program, fresh, other)
