"""`scripts/bench throughput`: how fast one worker admits and decides a backlog of engagement events."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import mkdtemp

import click
import psutil

from processors.topic_admin import ensure_topics
from schemas.topics import CONTACT_EVENTS, ENGAGEMENT
from tests.bench import figures
from tests.bench.generate import rows
from tests.bench.servers import broker, workers
from tests.builders.kafka import Committed, make_producer


@click.command()
@click.option("--events", default=100_000, show_default=True)
@click.option("--contacts", default=10_000, show_default=True)
@figures.as_json
def throughput(events: int, contacts: int, *, as_json: bool) -> None:
    """Publish a made-up year, then start a worker with the default lifecycle; wait until it caught up."""
    logs = Path(mkdtemp(prefix="stageline-throughput-"))
    with broker() as bootstrap:
        ensure_topics(bootstrap)
        _publish(bootstrap, events, contacts)
        admitted = Committed(bootstrap, "stageline-intake", ENGAGEMENT.name)
        decided = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)
        with workers(bootstrap, 1, logs) as running:
            while not sum(admitted().values()):
                time.sleep(0.05)
            started = time.monotonic()
            while (
                sum(decided().values()) < events
            ):  # transaction markers count too: at most 1 % of the events
                time.sleep(0.1)
            seconds = time.monotonic() - started
            cpu = sum(psutil.Process(running[0].pid).cpu_times()[:2])
    figures.show(
        {
            "events": events,
            "seconds": round(seconds, 1),
            "events_per_s": round(events / seconds),
            "events_per_cpu_s": round(events / cpu),
        },
        as_json=as_json,
    )


def _publish(bootstrap: str, events: int, contacts: int) -> None:
    producer = make_producer(bootstrap)
    for number, row in enumerate(rows(events, contacts, seed=7)):
        producer.produce(ENGAGEMENT.name, json.dumps(row).encode(), str(row.get("contact_id")).encode())
        if number % 10_000 == 0:
            producer.flush()
    producer.flush()
