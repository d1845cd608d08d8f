"""When a contact has to be looked at again though nothing happens.

The earliest time at which a leave rule, an enter rule, a segment, an override or a hand-off of the contact's
present position can change. What cannot change by time alone asks for no timer.
Whoever goes round without end, so that a way is open though everything is settled, waits for an event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.arrivals import rank_of
from processors.lifecycle.contact import NO_STAGE
from processors.lifecycle.shown import in_force
from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from processors.lifecycle.checks import Check
    from processors.lifecycle.contact import Contact, Place
    from processors.lifecycle.program import Exit, Program


def next_due(program: Program, contact: Contact, now: int) -> int | None:
    """Earliest time after `now`, or None. Asked when everything at `now` has been settled."""
    dues = [changes(contact, now) for changes in program.timed_segments]
    for track, place in enumerate(contact.places):
        _of_place(program, track, contact, now, dues)
        held, handoff = place.override, place.handoff
        if held is not None and held.until is not None and in_force(held, now):
            dues.append(held.until)
        if handoff is not None and handoff.step_due is not None:
            dues.append(handoff.step_due)
    due = min(dues, default=NEVER)
    return None if due == NEVER else max(due, now + 1)


def _of_place(program: Program, track: int, contact: Contact, now: int, dues: list[int]) -> None:
    place = contact.places[track]
    if place.stage != NO_STAGE:
        dues += [_exit(way, place, contact, now) for way in program.exits[place.stage]]
    rank = rank_of(program, place.stage)
    for one in program.timed_climbs[track]:
        if one.rank <= rank:
            break
        if one.unit not in place.spent:
            dues.append(_opens(one.check, contact, now))
        elif one.check.falls is not None:
            dues.append(one.check.falls(contact, now))


def _exit(way: Exit, place: Place, contact: Contact, now: int) -> int:
    """When a leave rule may open."""
    opens = now if way.rule.after_ms is None else place.since + way.rule.after_ms
    if way.check is None:
        return opens if way.rule.after_ms is not None else NEVER
    if opens > now and way.check.holds(contact, now):
        return opens
    return max(opens, _opens(way.check, contact, now))


def _opens(check: Check, contact: Contact, now: int) -> int:
    """When a condition may become true; never, where it holds though everything is settled."""
    due = NEVER if check.rises is None else check.rises(contact, now)
    return due if due > now + 1 or not check.holds(contact, now) else NEVER
