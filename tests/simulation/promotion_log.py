"""What a simulated promotion left behind, and what one plain fold makes of its log."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from processors.engine.transaction import partition_of
from processors.replay.replay import Replay
from schemas.codec import decode_trusted
from schemas.topics import CONTACT_EVENTS, MQL_HANDOFF, SEGMENT_CHANGED, STAGE_CHANGED

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan
    from tests.simulation.world import World

Told = dict[tuple[str, str], list[Any]]
"""Every change, by topic and contact."""

TOPICS = {
    "stage_changed": STAGE_CHANGED.name,
    "segment_changed": SEGMENT_CHANGED.name,
    "mql_handoff": MQL_HANDOFF.name,
}


def log_of(world: World) -> list[dict[str, Any]]:
    found = [
        (row.timestamp, place.partition, row.offset, decode_trusted(row.value or b""))
        for place in world.places(CONTACT_EVENTS.name)
        for row in world.broker.logs[place].committed()
    ]
    found.sort(key=lambda one: one[:3])
    return [told | {"position": offset, "partition": number} for _, number, offset, told in found]


def told_in(world: World) -> Told:
    found: Told = defaultdict(list)
    for topic in TOPICS.values():
        for number in world.broker.partitions(topic):
            for row in world.broker.logs[world.place(topic, number)].committed():
                found[topic, (row.key or b"").decode()].append(decode_trusted(row.value or b""))
    return dict(found)


def states_in(world: World) -> dict[bytes, bytes]:
    parts = [part for one in world.workers.values() for part in one.partitions.values()]
    return {key: state for part in parts for key, state in part.store.items()}


def replayed(first: Plan, log: list[dict[str, Any]], partitions: int) -> tuple[Told, dict[bytes, bytes]]:
    """Fold the log in one process: every change, and every state by contact."""
    run = Replay(
        first, lambda: log, recorded=True, home=lambda contact: partition_of(contact.encode(), partitions)
    )
    found: Told = defaultdict(list)
    for one in log:
        for change in run.feed(one):
            found[TOPICS[change["record"]], change["contact_id"]].append(change)
    return dict(found), {contact.encode(): state for contact, state in run.states()}
