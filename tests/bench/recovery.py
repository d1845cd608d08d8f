"""`scripts/bench recovery`: how fast partitions get their state back, and what that takes in memory."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
import psutil
from aiokafka import TopicPartition

from processors.engine.place import Place
from processors.engine.recovery import PROGRESS_KEY, progress_row, restore
from processors.engine.shelf import DiskShelf, MemoryShelf
from tests.bench import figures
from tests.bench.servers import broker
from tests.builders.kafka import create_topics, make_producer

if TYPE_CHECKING:
    from pathlib import Path

    from processors.engine.shelf import Shelf
    from processors.engine.store import Store

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
        topic = make_changelog(bootstrap, contacts, partitions)
        figures.show(measure(bootstrap, topic, partitions), as_json=as_json)


def make_changelog(bootstrap: str, contacts: int, partitions: int) -> str:
    """Fill a changelog of its own; return its topic."""
    topic = f"recovery-{uuid4().hex[:8]}"
    create_topics(bootstrap, partitions, {topic: {"cleanup.policy": "compact"}})
    _fill(bootstrap, topic, contacts // partitions, partitions)
    return topic


def measure(bootstrap: str, topic: str, partitions: int, folder: Path | None = None) -> dict[str, Any]:
    """Return how long the restoring took, and how much more memory this process has then.

    `folder`: for RocksDB; None: into memory.
    """
    shelf = MemoryShelf() if folder is None else DiskShelf(folder, bootstrap)
    process = psutil.Process()
    rss, started, cpu = process.memory_info().rss, time.perf_counter(), time.process_time()
    restored, rss_after = asyncio.run(_restore(bootstrap, topic, partitions, shelf))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "contacts": restored,
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu, 2),
        "contacts_per_s": round(restored / seconds),
        "contacts_per_cpu_s": round(restored / cpu),
        "rss_mib": (rss_after - rss) >> 20,
    }


def _fill(bootstrap: str, topic: str, contacts: int, partitions: int) -> None:
    producer = make_producer(bootstrap)
    for partition in range(partitions):
        for number in range(contacts):
            producer.produce(topic, STATE, b"contact-%08d" % number, partition)
            if number % 10_000 == 0:
                producer.flush()
        producer.produce(topic, progress_row(Place(contacts), contacts), PROGRESS_KEY, partition)
    producer.flush()


async def _restore(bootstrap: str, topic: str, partitions: int, shelf: Shelf) -> tuple[int, int]:
    """Return how many contacts there are in how much memory."""

    async def one(changelog: TopicPartition) -> Store:
        store = await shelf.take(changelog)
        await restore(bootstrap, changelog, store, lambda _: None)
        return store

    changelogs = [TopicPartition(topic, number) for number in range(partitions)]
    stores = await asyncio.gather(*map(one, changelogs))
    found = sum(map(len, stores)), psutil.Process().memory_info().rss
    for changelog, store in zip(changelogs, stores, strict=True):
        shelf.put_back(changelog, store)
    return found
