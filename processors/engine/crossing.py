"""How a partition gets over a barrier: everybody's state under the new rules, worked out from the log itself.

What was built beside the live system is a head start, no more: a changelog of its own, which says how far it
goes. From there on (from the first record, if it is missing or damaged) the owner applies the rest of its
partition. So whatever becomes of the building, all owners come to the same states.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.engine.batch import Batch, Lived
from processors.engine.history import read_history
from processors.engine.recovery import SourceReplacedError, restore, restore_timers
from processors.engine.started import reading_committed, started
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from processors.engine.batch import Crossing, Processor, Record
    from processors.engine.store import Store

    Homes = Callable[[Iterable[bytes]], Mapping[bytes, TopicPartition]]

AT_ONCE = 500  # records between two looks at the event loop: some 50 ms of work
STATES_AT_ONCE = 5_000  # looked at between two looks at the event loop


async def cross(bootstrap: str, source: TopicPartition, batch: Batch, homes: Homes) -> Lived:
    """Prepare what the batches that pass the barrier need; the barrier is the batch's first record."""
    crossing, barrier = batch.crossing, batch.records[0]
    if crossing is None:
        raise ValueError("the batch does not ask to cross")
    states: Store = batch.store
    if crossing.living is not None:
        states = await live_up_to(bootstrap, source, barrier.offset, crossing.living, homes)
    return Lived(states=states, left=await _who_is_left(batch.store, states, crossing))


async def read_record(bootstrap: str, source: TopicPartition, offset: int) -> Record:
    """Read one record. Raises LifecycleError if it is not there any more."""
    async with reading_committed(bootstrap, [source]) as reader:
        reader.seek(source, offset)
        end = (await reader.end_offsets([source]))[source]
        while await reader.position(source) <= offset < end:
            fetched = await reader.getmany(timeout_ms=100, max_records=1)
            for record in fetched.get(source, ()):
                found: Record = record
                if found.offset == offset:
                    return found
    raise LifecycleError(
        f"Topic {source.topic}, partition {source.partition}, offset {offset} held the definition in force,"
        " and does not any more: restore the topic, or start over with a new set of topics."
    )


async def live_up_to(
    bootstrap: str, source: TopicPartition, end: int, living: Processor, homes: Homes
) -> MemoryStore:
    """Apply the source up to `end`, from where the head start ends. Raises SourceReplacedError."""
    store, timers, start = await _head_start(bootstrap, source, end, living)
    waiting: list[Record] = []
    async with reading_committed(bootstrap, [source]) as reader:
        reader.seek(source, start)
        if (there := (await reader.end_offsets([source]))[source]) < end:
            raise SourceReplacedError(source, consumed=end, end=there)
        while waiting or await reader.position(source) < end:
            if not waiting:
                fetched = await reader.getmany(timeout_ms=100, max_records=AT_ONCE)
                waiting = [record for record in fetched.get(source, ()) if record.offset < end]
            while waiting:
                waiting = await _apply(bootstrap, source, living, (waiting, store, timers), homes)
                await asyncio.sleep(0)  # heartbeats go on
    return store


async def _apply(
    bootstrap: str,
    source: TopicPartition,
    living: Processor,
    work: tuple[list[Record], MemoryStore, Timers],
    homes: Homes,
) -> list[Record]:
    """Apply records until all or those that needed more history are done; return what is left."""
    records, store, timers = work
    history = None
    while True:
        end = records[-1].offset + 1
        batch = Batch(
            source=source, records=records, store=store, timers=timers, next_offset=end, history=history
        )
        living.process(batch)
        store.apply(batch.states)
        records = [record for record in records if record.offset >= batch.next_offset]
        if not batch.wanted:
            return records
        history = await read_history(bootstrap, homes(batch.wanted))


async def _head_start(
    bootstrap: str, source: TopicPartition, end: int, living: Processor
) -> tuple[MemoryStore, Timers, int]:
    """Read what was built beside the live system; nothing, if that is not there or goes too far."""
    store, timers = MemoryStore(), Timers()
    if living.changelog is not None and living.clock is not None:
        changelog = TopicPartition(living.changelog, source.partition)
        if await _exists(bootstrap, changelog):
            progress = await restore(bootstrap, changelog, store, lambda _left: None)
            if progress is not None and progress.place.offset <= end:
                await restore_timers(living.clock, store, timers)
                return store, timers, progress.place.offset
    return MemoryStore(), Timers(), 0


async def _who_is_left(store: Store, states: Store, crossing: Crossing) -> deque[bytes]:
    """Return who has not gone over yet, in order of their keys."""
    left: list[bytes] = []
    for count, (key, state) in enumerate(store.items()):
        if not crossing.has_gone_over(state):
            left.append(key)
        if count % STATES_AT_ONCE == 0:
            await asyncio.sleep(0)
    if states is not store:
        left += [key for key, _state in states.items() if store.get(key) is None]
    return deque(sorted(left))


async def _exists(bootstrap: str, partition: TopicPartition) -> bool:
    async with started(AIOKafkaConsumer(bootstrap_servers=bootstrap, **kafka_access())) as reader:
        return partition.topic in await reader.topics()
