"""The events and the keys of a person, read from Kafka for who asks what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.engine.committed import read_whole
from processors.engine.folding import events_in, is_of_a_contact
from processors.engine.history import homes_of, read_history
from processors.topic_admin import partition_count
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    Event = dict[str, Any]


async def read_told(bootstrap: str, contact_id: str) -> dict[str, list[Event]]:
    """Read what a contact was told, and everybody who ever became part of it, by id; each in log order.

    Each event has its log `position`. Reads whole partitions of contact-events. Raises LifecycleError when
    Kafka is away or has no such topic.
    """
    count = partition_count(bootstrap, CONTACT_EVENTS.name)
    told: dict[str, list[Event]] = {}
    waiting = {contact_id}
    while waiting:
        keys = {one: one.encode() for one in sorted(waiting)}
        history = await read_history(bootstrap, homes_of(CONTACT_EVENTS.name, count, keys.values()))
        told |= {one: list(filter(is_of_a_contact, events_in(history[key]))) for one, key in keys.items()}
        events = [event for one in keys for event in told[one]]
        others = {event["other"] for event in events if event["type"] == "history_transferred"}
        waiting = others - told.keys()
    return told


async def read_keys(bootstrap: str, wanted: AbstractSet[bytes]) -> dict[bytes, bytes]:
    """Read those rows of contact-keys that were not deleted. Raises LifecycleError as `read_told`."""
    rows: dict[bytes, bytes] = {}
    async for record in read_whole(bootstrap, CONTACT_KEYS.name):
        key = record.key or b""
        if key not in wanted:
            continue
        if record.value:
            rows[key] = record.value
        else:
            rows.pop(key, None)
    return rows
