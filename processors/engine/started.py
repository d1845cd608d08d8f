"""A consumer for the length of a block: it is stopped also when its start fails, or is cancelled half-way."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiokafka import AIOKafkaConsumer


@asynccontextmanager
async def started(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    """Start it, and stop it at the end."""
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
