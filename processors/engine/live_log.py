"""What the running lifecycle has decided, and the log up to there: a snapshot that nothing is written for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.engine.committed import open_committed
from processors.engine.recovery import restore
from processors.engine.store import MemoryStore
from schemas.topics import CONTACT_EVENTS, LIFECYCLE_CHANGELOG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from processors.engine.batch import Record

    Keep = Callable[[int, Iterable[Record], int], None]
    """Takes records of a partition, and up to which offset it was read."""
    Begin = Callable[[int], Keep]
    """Is told how many partitions there are."""
    Show = Callable[[int, int], None]
    """Offsets read, offsets to read."""


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """`offsets`: by partition, the offset of contact-events before which everything is decided.

    `states`: contact id in UTF-8 → its live state, exactly as of those offsets.
    """

    offsets: dict[int, int] = field(default_factory=dict)
    states: dict[bytes, bytes] = field(default_factory=dict)


async def take_snapshot(bootstrap: str, begin: Begin, show: Show) -> Snapshot:
    """Read the live states, then contact-events up to there, for what `begin` gives.

    The changelog's own progress row says how far its states go, so both are of one moment in each partition.
    Raises LifecycleError when Kafka is away, a topic is missing, or the log no longer begins at its start.
    """
    snapshot = Snapshot()
    async with open_committed(bootstrap, CONTACT_EVENTS.name) as topic:
        for number in topic.partitions:
            store = MemoryStore()
            changelog = TopicPartition(LIFECYCLE_CHANGELOG.name, number)
            progress = await restore(bootstrap, changelog, store, lambda _left: None)
            snapshot.offsets[number] = 0 if progress is None else progress.place.offset
            snapshot.states.update(store.items())
        keep, total = begin(len(topic.partitions)), sum(snapshot.offsets.values())
        positions = dict.fromkeys(topic.partitions, 0)
        await topic.start_at(positions)
        while any(positions[number] < end for number, end in snapshot.offsets.items()):
            fetched, positions = await topic.fetch(), await topic.positions()
            for number, records in fetched.items():
                end = min(positions[number], snapshot.offsets[number])
                keep(number, (one for one in records if one.offset < end), end)
            show(sum(min(at, snapshot.offsets[number]) for number, at in positions.items()), total)
    return snapshot
