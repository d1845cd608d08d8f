"""What a simulated promotion left behind, and what one plain fold makes of its log."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from processors.engine.recovery import PROGRESS_KEY
from processors.engine.transaction import partition_of
from processors.lifecycle import load
from processors.lifecycle.program import program_of
from processors.lifecycle.state import shape_of
from processors.promotion.barrier import KEY
from processors.replay.replay import Replay
from schemas.codec import decode_trusted
from schemas.topics import (
    COMPANY_MEMBERS,
    CONTACT_EVENTS,
    CONTACT_KEYS,
    MQL_HANDOFF,
    SEGMENT_CHANGED,
    STAGE_CHANGED,
)
from tests.simulation.log import COMMITTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aiokafka import TopicPartition

    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan
    from tests.simulation.log import Entry
    from tests.simulation.world import World

Told = dict[tuple[str, str], list[Any]]
"""Every change, by topic and contact."""

TOPICS = {
    "stage_changed": STAGE_CHANGED.name,
    "segment_changed": SEGMENT_CHANGED.name,
    "mql_handoff": MQL_HANDOFF.name,
    "membership_changed": COMPANY_MEMBERS.name,
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
                change = decode_trusted(row.value or b"")
                found[topic, change["contact_id"]].append(change)
    for (topic, _contact), changes in found.items():
        if topic == COMPANY_MEMBERS.name:  # of several companies, in several partitions
            changes.sort(key=lambda change: int(change["sequence"]))
    return dict(found)


def states_in(world: World) -> dict[bytes, bytes]:
    parts = [part for one in world.workers.values() for part in one.partitions.values()]
    return {key: state for part in parts for key, state in part.store.items()}


def logged_in(world: World, place: TopicPartition) -> dict[bytes, bytes]:
    """Read the states that one partition's changelog holds."""
    rows = world.broker.logs[place].committed()
    return {row.key: row.value for row in rows if row.key and row.value and row.key != PROGRESS_KEY}


def contacts_in(states: Mapping[bytes, bytes], plans: Iterable[Plan]) -> dict[str, Contact]:
    """Read states, each under the plan whose shape it has."""
    by_shape = {program_of(plan).shape: plan for plan in plans}
    return {key.decode(): load(by_shape[shape_of(state)], state) for key, state in states.items()}


def key_rows(world: World) -> list[tuple[bytes, bytes | None]]:
    """Read what is committed in contact-keys."""
    places = [world.place(CONTACT_KEYS.name, number) for number in world.broker.partitions(CONTACT_KEYS.name)]
    return [(row.key or b"", row.value) for row in _committed(world, places)]


def barriers_in(world: World) -> int:
    """Count them, as the command does with its register, which nobody else writes to."""
    rows = (row for row in _committed(world, world.places(CONTACT_EVENTS.name)) if row.key == KEY)
    return sum(decode_trusted(row.value or b"")["type"] == "lifecycle_changed" for row in rows)


def _committed(world: World, places: Iterable[TopicPartition]) -> Iterator[Entry]:
    """List committed records also behind what others have open there."""
    logs = (world.broker.logs[place] for place in places)
    return (row for log in logs for row in log.entries if row.status == COMMITTED)


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
