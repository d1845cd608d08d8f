"""A consumer for the length of a block: it is stopped also when its start fails, or is cancelled half-way."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from processors.coming_up import again_while
from schemas.kafka_access import kafka_access

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from aiokafka import TopicPartition


@again_while(KafkaConnectionError)
async def start(consumer: AIOKafkaConsumer) -> None:
    """Start it, and try again while no broker answers. Raises KafkaConnectionError in the end."""
    await consumer.start()


@asynccontextmanager
async def started(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    """Start it, and stop it at the end."""
    try:
        await start(consumer)
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def reading_committed(
    bootstrap: str, partitions: Iterable[TopicPartition]
) -> AsyncIterator[AIOKafkaConsumer]:
    """Give what reads their committed records, in no group, from the beginnings unless told to `seek`."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **kafka_access(),
    )
    reader.assign(list(partitions))
    async with started(reader):
        yield reader
