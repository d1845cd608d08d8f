"""History that moves from one contact to another: identification, merges and their undoing.

The contact that ends gives out `history_transferred` with its whole state, and from then on passes every
event on (`event_forwarded`). Both come back through the log as events of the contact that stays. A transfer
that comes back to the contact it started from closes a circle of merges: that contact stays after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import state, vanishing
from processors.lifecycle.merging import PROVISIONAL, raise_to, unite
from processors.lifecycle.settle import advance, settle
from schemas.errors import LifecycleError
from schemas.events import HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.contact import Contact
    from processors.lifecycle.turn import Change, Turn

    Event = Mapping[str, Any]


def identify(turn: Turn, event: Event) -> int:
    """Fold contact_identified at the lesser id: its history moves to `into`."""
    if not turn.contact.id.startswith(PROVISIONAL):
        turn.refuse("two identified contacts are never merged by themselves: publish contacts_merged")
        return 0
    _move_to(turn, event["into"], f"identified as {event['into']}")
    return 0


def merge(turn: Turn, event: Event) -> int:
    """Fold contacts_merged at `other`: its history moves to `into`."""
    _move_to(turn, event["into"], f"merged into {event['into']}")
    return 0


def undo_merge(turn: Turn, event: Event) -> int:
    """Fold merge_undone at the contact that had stayed: it has to be folded again without the other."""
    if event["other"] not in turn.contact.merged:
        turn.refuse(f"{event['other']} is not part of this contact")
        return 0
    turn.contact.merged.remove(event["other"])
    turn.ask_refold(f"the merge with {event['other']} was undone")
    return 0


def receive(turn: Turn, event: Event) -> int:
    """Fold history_transferred at the contact that stays."""
    if event["other"] in turn.contact.merged:
        return 0
    try:
        other = state.load(turn.program, event["state"])
    except LifecycleError:
        turn.contact.merged.append(event["other"])
        turn.ask_refold(f"the history of {event['other']} was kept under another plan shape")
        return 0
    _catch_up(turn, other)
    return turn.program.inputs.everything


def at_ended(turn: Turn, event: Event) -> None:
    """Handle an event for a contact that was erased, or is part of another one."""
    contact = turn.contact
    if contact.erased:
        turn.refuse("the contact was erased")
    elif event["type"] == "contact_erased":
        contact.forward_to = None
        vanishing.erase(turn, event)
    elif event["type"] == "history_transferred" and event["other"] == contact.id:
        _stand_again(turn, "merged in a circle")
    elif event["type"] == "merge_undone" and event["other"] == contact.id:
        _pass_on(turn, event)
        _stand_again(turn, "the merge was undone")
    elif event["type"] == "contact_identified":
        contact.forward_to = event["into"]  # a shared device: from now on it is somebody else's
    else:
        _pass_on(turn, event)


def _catch_up(turn: Turn, other: Contact) -> None:
    """Unite, and look at the union as of the newest event in it; then go on to the present.

    So a stage is reached when its tenth view happened, not when somebody was recognised. A hand-off is made
    in the present only.
    """
    contact, present = turn.contact, turn.contact.clock
    newest = min(present, max(turn.settled, other.last_counted))
    turn.now = contact.clock = newest
    unite(turn.program, contact, other)
    for track, place in enumerate(other.places):
        raise_to(turn, track, place, other.id)
    turn.dirty, turn.offers = turn.program.inputs.everything, False
    settle(turn)
    advance(turn.program, contact, present, turn.out)
    turn.now, turn.offers = present, True


def _move_to(turn: Turn, into: str, reason: str) -> None:
    contact = turn.contact
    turn.out.append(_transfer(turn, into))
    vanishing.forget(contact)
    vanishing.vanish(turn, reason, str(turn.event and turn.event["type"]))
    contact.forward_to, contact.next_due = into, None


def _transfer(turn: Turn, into: str) -> Change:
    """Shape the transfer as the event that it will be in contact-events."""
    contact = turn.contact
    return {
        **dict.fromkeys(HEADER),
        "record": "history_transferred",
        "type": "history_transferred",
        "event_id": f"{turn.event_id}/{contact.id}",
        "contact_id": into,
        "occurred_at": turn.now,
        "other": contact.id,
        "state": state.dump(turn.program, contact),
        "plan_hash": turn.program.plan.plan_hash,
    }


def _pass_on(turn: Turn, event: Event) -> None:
    passed = {name: value for name, value in event.items() if name != "position"}
    passed["contact_id"] = turn.contact.forward_to
    turn.out.append(
        {
            "record": "event_forwarded",
            "contact_id": turn.contact.forward_to,
            "from": turn.contact.id,
            "event": passed,
        }
    )


def _stand_again(turn: Turn, reason: str) -> None:
    """Stop forwarding: the stages are as they were, what was counted has to be folded again."""
    turn.contact.forward_to = None
    turn.ask_refold(reason)
