"""`scripts/bench recovery`: how fast a partition's state comes back from its changelog."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import click
from aiokafka import TopicPartition

from processors.engine.recovery import PROGRESS_KEY, progress_row, restore
from processors.engine.store import MemoryStore
from tests.bench import figures
from tests.bench.servers import broker
from tests.builders.kafka import create_topics, make_producer

STATE = b"s" * 300  # as large as a typical contact's


@click.command()
@click.option("--contacts", default=500_000, show_default=True)
@figures.as_json
def recovery(contacts: int, *, as_json: bool) -> None:
    """Fill one changelog partition with one state per contact, and restore it into memory."""
    topic = f"recovery-{uuid4().hex[:8]}"
    with broker() as bootstrap:
        create_topics(bootstrap, 1, {topic: {"cleanup.policy": "compact"}})
        producer = make_producer(bootstrap)
        for number in range(contacts):
            producer.produce(topic, STATE, b"contact-%08d" % number)
            if number % 10_000 == 0:
                producer.flush()
        producer.produce(topic, progress_row(contacts, contacts), PROGRESS_KEY)
        producer.flush()
        store = MemoryStore()
        started, cpu = time.perf_counter(), time.process_time()
        asyncio.run(restore(bootstrap, TopicPartition(topic, 0), store, lambda _: None))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    figures.show(
        {
            "contacts": len(store),
            "seconds": round(seconds, 2),
            "contacts_per_s": round(contacts / seconds),
            "contacts_per_cpu_s": round(contacts / cpu),
        },
        as_json=as_json,
    )
