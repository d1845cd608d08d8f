"""`scripts/bench recovery`: how fast partitions get their state back, and what that takes in memory."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import click
import psutil
from aiokafka import TopicPartition

from processors.engine.recovery import PROGRESS_KEY, progress_row, restore
from processors.engine.store import MemoryStore
from tests.bench import figures
from tests.bench.servers import broker
from tests.builders.kafka import create_topics, make_producer

STATE = b"s" * 300  # as large as a typical contact's


@click.command()
@click.option("--contacts", default=500_000, show_default=True)
@click.option(
    "--partitions", default=8, show_default=True, help="Restored at the same time, as a worker does."
)
@figures.as_json
def recovery(contacts: int, partitions: int, *, as_json: bool) -> None:
    """Fill a changelog with one state per contact, and restore it into memory."""
    with broker() as bootstrap:
        figures.show(measure(bootstrap, contacts, partitions), as_json=as_json)


def measure(bootstrap: str, contacts: int, partitions: int) -> dict[str, Any]:
    """Return how long the restoring took, and how much more memory this process has then."""
    topic = f"recovery-{uuid4().hex[:8]}"
    create_topics(bootstrap, partitions, {topic: {"cleanup.policy": "compact"}})
    _fill(bootstrap, topic, contacts // partitions, partitions)
    process = psutil.Process()
    rss, started, cpu = process.memory_info().rss, time.perf_counter(), time.process_time()
    stores = asyncio.run(_restore(bootstrap, topic, partitions))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    restored = sum(map(len, stores))
    return {
        "contacts": restored,
        "seconds": round(seconds, 2),
        "contacts_per_s": round(restored / seconds),
        "contacts_per_cpu_s": round(restored / cpu),
        "rss_mib": (process.memory_info().rss - rss) >> 20,
    }


def _fill(bootstrap: str, topic: str, contacts: int, partitions: int) -> None:
    producer = make_producer(bootstrap)
    for partition in range(partitions):
        for number in range(contacts):
            producer.produce(topic, STATE, b"contact-%08d" % number, partition)
            if number % 10_000 == 0:
                producer.flush()
        producer.produce(topic, progress_row(contacts, contacts), PROGRESS_KEY, partition)
    producer.flush()


async def _restore(bootstrap: str, topic: str, partitions: int) -> list[MemoryStore]:
    stores = [MemoryStore() for _ in range(partitions)]
    await asyncio.gather(
        *(
            restore(bootstrap, TopicPartition(topic, number), store, lambda _: None)
            for number, store in enumerate(stores)
        )
    )
    return stores
