"""The committed records of a whole topic, from offsets kept elsewhere on, without a consumer group."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from processors.engine.emptied_markers import tolerate_emptied_markers
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access, no_broker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from processors.engine.batch import Record

RECORDS_AT_ONCE = 20_000
WAIT_MS = 200


class Committed:
    """Reads every partition of a topic. Made by `open_committed`."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, partitions: Sequence[int]) -> None:
        self.partitions = tuple(partitions)
        self._consumer = consumer
        self._homes = {number: TopicPartition(topic, number) for number in partitions}

    async def start_at(self, offsets: Mapping[int, int]) -> None:
        """Read on from these offsets. Raises LifecycleError when the topic does not have them (any more)."""
        self._consumer.assign(list(self._homes.values()))
        firsts = await self._consumer.beginning_offsets(list(self._homes.values()))
        ends = await self.ends()
        for number, home in self._homes.items():
            if not firsts[home] <= offsets[number] <= ends[number]:
                raise LifecycleError(
                    f"{home.topic}, partition {number}: offset {offsets[number]} is wanted, but there are "
                    f"{firsts[home]} to {ends[number]}. The topic was cut short, or made anew."
                )
            self._consumer.seek(home, offsets[number])

    async def ends(self) -> dict[int, int]:
        """Tell where each partition ends now: the offset after its last committed record or marker."""
        found = await self._consumer.end_offsets(list(self._homes.values()))
        return {number: found[home] for number, home in self._homes.items()}

    async def fetch(self) -> dict[int, list[Record]]:
        """Read what comes next, by partition; nothing if there was nothing for a moment."""
        fetched = await self._consumer.getmany(timeout_ms=WAIT_MS, max_records=RECORDS_AT_ONCE)
        return {home.partition: records for home, records in fetched.items()}

    async def positions(self) -> dict[int, int]:
        """Tell up to where each partition was read, markers included."""
        return {number: await self._consumer.position(home) for number, home in self._homes.items()}


@asynccontextmanager
async def open_committed(bootstrap: str, topic: str) -> AsyncIterator[Committed]:
    """Connect. Raises LifecycleError when Kafka is away or has no such topic."""
    tolerate_emptied_markers()
    consumer = AIOKafkaConsumer(
        topic,  # so that it asks for the topic's partitions; `start_at` says which to read
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="none",  # an offset that is gone is an error, never a jump
        enable_auto_commit=False,
        **kafka_access(),
    )
    try:
        try:
            await consumer.start()
            numbers = sorted(consumer.partitions_for_topic(topic) or ())
            consumer.unsubscribe()
            # Its tasks must have seen that before it may be stopped: one of them takes the end for the same
            # news, and is waited for then for ever. They have when another answer is there.
            await consumer.topics()
        except KafkaError as error:
            raise no_broker(bootstrap, error) from error
        if not numbers:
            raise LifecycleError(f"Topic {topic} does not exist at {bootstrap}: `stageline topics create`.")
        yield Committed(consumer, topic, numbers)
    finally:
        await consumer.stop()


async def read_whole(bootstrap: str, topic: str) -> AsyncIterator[Record]:
    """Yield the records that a topic holds now, each partition's in order. Raises as `open_committed`."""
    async with open_committed(bootstrap, topic) as committed:
        ends = await committed.ends()
        await committed.start_at(dict.fromkeys(committed.partitions, 0))
        while any(at < ends[number] for number, at in (await committed.positions()).items()):
            for records in (await committed.fetch()).values():
                for record in records:
                    yield record
