"""Step 3: an event added to whatever counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle.contact import Latest, Touch
from processors.lifecycle.matching import subject
from processors.lifecycle.newest import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.contact import Contact
    from processors.lifecycle.program import Program
    from processors.lifecycle.turn import Turn

    Event = Mapping[str, Any]

TOUCHES = frozenset((
    "page_view", "asset_download", "content_view", "webinar_registered", "webinar_attended", "email_opened",
    "email_clicked", "form_submitted", "newsletter_signup", "demo_requested", "demo_attended", "trial_signup",
    "product_used", "meeting_scheduled", "meeting_held", "outreach_replied", "referral_made", "custom_event",
))  # fmt: skip
"""What a contact does itself; what sales or an administrator does is no touch."""


def gather(turn: Turn, event: Event, key: bytes) -> None:
    """Remember an event as seen, and add it to every accumulator of the behaviours that it is."""
    program, contact, at = turn.program, turn.contact, turn.at
    name, fields = subject(event)
    mask = program.matcher.match(name, fields)
    contact.seen = program.ring.add(contact.seen, key, at, mask)
    if mask:
        contact.last_counted = max(contact.last_counted, at)
        turn.dirty |= count(program, contact, mask, Entry(at, event["event_id"]), fields)
    if name in program.kept_fields:
        turn.dirty |= _keep_last(program, contact, name, Entry(at, event["event_id"]), fields)
    if program.memberships is not None:
        program.memberships.note(contact, event, at)
    if event["type"] in TOUCHES:
        turn.touch = _note_touch(contact, event, at)


def count(program: Program, contact: Contact, mask: int, entry: Entry, fields: Event) -> int:
    """Add to counters, calendars and rules; what is older than a reset does not count. Returns dirty bits."""
    touched, position = program.touched(mask), contact.position
    floor = contact.counts_floor
    if floor is None or (entry.at >= floor.at and position > floor.position):
        for counter in touched.counts:
            counter.add(contact, entry, fields)
    floors = contact.score_floors
    for score, rule in touched.rules:
        reset = floors.get(score)
        if reset is None or (entry.at >= reset.at and position > reset.position):
            rule.add(contact, entry, fields)
    return touched.dirty


def _keep_last(program: Program, contact: Contact, name: str, entry: Entry, fields: Event) -> int:
    """Keep the newest event of a type; of two at one time, the one later in the log."""
    known = contact.last.get(name)
    if known is not None and known.at > entry.at:
        return 0
    values = {field: fields.get(field) for field in program.kept_fields[name]}
    contact.last[name] = Latest(entry.at, entry.event_id, values)
    return program.inputs.last


def _note_touch(contact: Contact, event: Event, at: int) -> Touch:
    """Keep the first and the last touch, by time and then by id."""
    touch = Touch(at, event["event_id"], event["type"], event["source"], event["campaign"], event["medium"])
    if contact.first_touch is None or touch[:2] < contact.first_touch[:2]:
        contact.first_touch = touch
    if contact.last_touch is None or touch[:2] > contact.last_touch[:2]:
        contact.last_touch = touch
    return touch
