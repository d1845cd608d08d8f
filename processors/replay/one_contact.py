"""One contact out of a log: only what concerns it is folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors import lifecycle
from processors.intake import place_normal
from processors.replay.by_contact import ByContact
from processors.replay.replay import OUTPUTS, Replay
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from processors.archive.folder import Archive
    from processors.lifecycle.plan import Plan
    from processors.replay.log_files import LogFile

    Change = dict[str, Any]

LINKS = ("contact_identified", "contacts_merged")


def related(log: LogFile, contact_id: str) -> set[str]:
    """Find a contact and every one that, in the whole log, becomes part of it."""
    into: dict[str, set[str]] = {}
    for event in log.events():
        if event["type"] in LINKS:
            for placed in _placed(event):
                into.setdefault(placed["into"], set()).add(placed["contact_id"])
    found, fresh = {contact_id}, {contact_id}
    while fresh:
        fresh = {one for target in fresh for one in into.get(target, ())} - found
        found |= fresh
    return found


def replay_one(plan: Plan, log: LogFile, contact_id: str, at: int | None) -> tuple[bytes, list[Change]]:
    """Fold what concerns one contact, up to and including `at`; gives its state and all its changes."""
    replay = Replay(plan, log.events, only=related(log, contact_id))
    changes, last = [], 0
    for event in log.events():
        if at is not None and event["occurred_at"] > at:
            continue
        last = max(last, event["occurred_at"])
        changes += _fed(replay, event)
    changes += replay.finish(last if at is None else at)
    contact = replay.contacts.get(contact_id)
    state = b"" if contact is None else lifecycle.dump(plan, contact)
    return state, [change for change in changes if change["contact_id"] == contact_id]


def replay_archived(
    plan: Plan, archive: Archive, contact_id: str, at: int | None
) -> tuple[Plan, bytes, list[Change]]:
    """Do the same from an archive, as it was recorded; gives the definition that decided last, too."""
    changes: list[Change] = []
    key = contact_id.encode()
    course = ByContact(plan, archive, until=at).fold(key, archive.records_of(key), changes.append)
    if at is not None:
        course.finish(at)
    return course.plan, course.state(), [change for change in changes if change["record"] in OUTPUTS]


def _fed(replay: Replay, event: dict[str, Any]) -> list[Change]:
    try:
        return list(replay.feed(event))
    except SchemaError:
        return []


def _placed(event: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    try:
        return place_normal(event)
    except SchemaError:
        return ()
