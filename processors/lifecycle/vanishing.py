"""A contact that ends: it became part of another, or was erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import changes, handoffs
from processors.lifecycle.contact import NO_STAGE, Contact, Place
from processors.lifecycle.turn import Hop, Shift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.turn import Turn

KEPT = (
    "id", "position", "clock", "first_seen", "last_counted", "places", "bands", "stage_changes",
    "segment_changes", "handoff_changes", "member", "membership_changes", "refused", "clamped",
)  # fmt: skip

ERASURE = "contact_erased"  # by this criterion the read side knows whom to forget


def forget(contact: Contact) -> None:
    """Drop everything but where the contact stands in the log and what was said about it."""
    blank = Contact()
    for field in Contact.__dataclass_fields__:
        if field not in KEPT:
            setattr(contact, field, getattr(blank, field))


def vanish(turn: Turn, reason: str, criterion: str) -> None:
    """Tell the world that the contact has no stage and no segment any more; withdraw its hand-offs."""
    contact = turn.contact
    for track, place in enumerate(contact.places):
        if place.handoff is not None and place.handoff.status == "open":
            handoffs.withdraw(turn, place, reason, criterion)
        if place.shown != NO_STAGE:
            leave(turn, track, place, reason, criterion)
    for segment, band in enumerate(contact.bands):
        if band is not None:
            contact.bands[segment] = None
            turn.out.append(changes.segment_changed(turn, segment, (band, None), ()))


def erase(turn: Turn, _event: Mapping[str, Any]) -> int:
    """Fold contact_erased: the state goes, a tombstone stays that refuses what comes later."""
    contact, before = turn.contact, len(turn.out)
    forget(contact)
    vanish(turn, "erased", ERASURE)
    said_so = any(one["cause"]["criterion"] == ERASURE for one in turn.out[before:])
    if not said_so and _was_told_of(contact):  # nobody would learn that it is to be forgotten
        leave(turn, 0, contact.places[0], "erased", ERASURE)
    contact.places = [Place() for _place in contact.places]
    contact.erased = True
    return 0


def _was_told_of(contact: Contact) -> bool:
    return bool(contact.stage_changes or contact.segment_changes or contact.handoff_changes)


def leave(turn: Turn, track: int, place: Place, reason: str, criterion: str) -> None:
    """Tell the world that the contact has no stage on a track any more."""
    hop = Hop(to=NO_STAGE, path=(), criterion=criterion, reason=reason, evidence=())
    start = changes.stage_id(turn.program, place.shown)
    shift = Shift(track=track, place=place, start=start, since=place.shown_since, hops=(hop,))
    place.shown, place.shown_since = NO_STAGE, turn.now
    turn.out.append(changes.stage_changed(turn, shift))
