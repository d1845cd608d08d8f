"""The topic that holds every generation, and the one transaction in which a generation takes over.

There is one writer: starting its producer settles and fences whoever wrote before. All barriers and the row
that says so are one transaction, so either every partition changes its definition or none does.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.engine.committed import read_whole
from processors.engine.fencing import only_writer
from processors.engine.started import started
from processors.promotion.barrier import KEY, barrier
from processors.promotion.generation import from_row, to_row
from schemas.codec import encode
from schemas.kafka_access import kafka_access
from schemas.topics import CONTACT_EVENTS, GENERATIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from aiokafka import AIOKafkaProducer

    from processors.engine.fencing import Ownership
    from processors.promotion.generation import Generation

TRANSACTIONAL_ID = "stageline-promote"
GROUP = "stageline-lifecycle"
TAKEN_OVER = (
    "Another `stageline promote`, `rollback` or `--abort` has taken over: this one ends, and changed nothing"
    " more. `stageline generations` shows where things stand."
)


async def read_generations(bootstrap: str) -> dict[int, Generation]:
    """Return every generation by number, in order. Raises LifecycleError if Kafka or the topic is away."""
    found: dict[int, Generation] = {}
    async for record in read_whole(bootstrap, GENERATIONS.name):
        if record.value:
            row = from_row(record.value)
            found[row.number] = row
    return dict(sorted(found.items()))


async def consumed(bootstrap: str, group: str, partitions: Iterable[int]) -> dict[int, int | None]:
    """Return up to where a group has committed each partition of contact-events; None: nothing so far."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        **kafka_access(),
    )
    homes = {number: TopicPartition(CONTACT_EVENTS.name, number) for number in partitions}
    consumer.assign(list(homes.values()))
    async with started(consumer):
        return {number: await consumer.committed(home) for number, home in homes.items()}


class Register:
    """Writes generations. Made by `open_register`."""

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AIOKafkaProducer]:
        await self._ownership.make_sure()
        async with self._ownership.producer.transaction():
            yield self._ownership.producer

    async def write(self, *generations: Generation) -> None:
        """Write rows, all or none."""
        async with self._transaction() as producer:
            for one in generations:
                await _send(producer, one)

    async def switch(self, one: Generation, before: Generation, at: int) -> Generation:
        """Write a generation's barrier into every partition, and its row with their offsets: all or none."""
        record = encode(
            barrier(one.compiled(), one.number, replaces=before.plan_hash, at=at, in_place=one.in_place)
        )
        async with self._transaction() as producer:
            offsets = {}
            for number in sorted(await producer.partitions_for(CONTACT_EVENTS.name)):
                told = await producer.send_and_wait(
                    CONTACT_EVENTS.name, key=KEY, value=record, partition=number
                )
                offsets[number] = told.offset
            switched = one.switched(offsets, at)
            await _send(producer, switched)
        return switched


async def _send(producer: AIOKafkaProducer, one: Generation) -> None:
    key, value = to_row(one)
    await producer.send_and_wait(GENERATIONS.name, key=key, value=value, partition=0)


@asynccontextmanager
async def open_register(bootstrap: str) -> AsyncIterator[Register]:
    """Become the one writer. Raises LifecycleError when another takes over, or no broker answers."""
    topics = [CONTACT_EVENTS.name, GENERATIONS.name]
    async with only_writer(bootstrap, TRANSACTIONAL_ID, topics, TAKEN_OVER) as ownership:
        yield Register(ownership)
