"""`scripts/bench throughput`: how fast one worker admits and decides a backlog of engagement events."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import click
import psutil

from processors.topic_admin import ensure_topics
from schemas.topics import CONTACT_EVENTS, ENGAGEMENT
from tests.bench import figures
from tests.bench.generate import rows
from tests.bench.servers import STAGELINE, broker, workers
from tests.builders.kafka import Committed, make_producer, record_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOT = "the-busiest"

UNTRANSACTED = (sys.executable, "-m", "tests.bench.untransacted")


@click.command()
@click.option("--events", default=100_000, show_default=True)
@click.option("--contacts", default=10_000, show_default=True)
@click.option("--count", "worker_count", default=1, show_default=True, help="Workers.")
@click.option("--hot", is_flag=True, help="Half of the events are of one contact.")
@click.option("--without-transactions", is_flag=True, help="To see what they cost.")
@figures.as_json
def throughput(
    events: int, contacts: int, worker_count: int, *, hot: bool, without_transactions: bool, as_json: bool
) -> None:
    """Publish a made-up year, then start workers with the default lifecycle; wait until they caught up."""
    program = UNTRANSACTED if without_transactions else STAGELINE
    with broker() as bootstrap:
        publish(bootstrap, events, contacts, hot=hot)
        found = measure(bootstrap, events, worker_count, program)
    figures.show(found, as_json=as_json)


def measure(
    bootstrap: str, events: int, worker_count: int, program: Sequence[str] = STAGELINE
) -> dict[str, Any]:
    """Run the workers until all that was published is admitted and decided."""
    logs = Path(mkdtemp(prefix="stageline-throughput-"))
    admitted = Committed(bootstrap, "stageline-intake", ENGAGEMENT.name)
    decided = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)
    with workers(bootstrap, worker_count, logs, program) as running:
        _wait(lambda: sum(admitted().values()) > 0)
        processes = [psutil.Process(one.pid) for one in running]
        started, cpu = time.monotonic(), _cpu_seconds(processes)
        _wait(lambda: sum(admitted().values()) == events)
        ends = record_ends(bootstrap, CONTACT_EVENTS.name)
        _wait(lambda: all(decided()[partition] >= end for partition, end in ends.items()))
        seconds = time.monotonic() - started
        cpu = _cpu_seconds(processes) - cpu
        rss = max(one.memory_info().rss for one in processes)
    return {
        "events": events,
        "workers": worker_count,
        "seconds": round(seconds, 1),
        "events_per_s": round(events / seconds),
        "events_per_cpu_s": round(events / cpu),
        "rss_mib": rss >> 20,
    }


def _cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in processes)


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.1)


def publish(bootstrap: str, events: int, contacts: int, *, hot: bool) -> None:
    """Fill `engagement` with a made-up year."""
    ensure_topics(bootstrap)
    producer = make_producer(bootstrap)
    for number, row in enumerate(rows(events, contacts, seed=7)):
        if hot and number % 2:
            row["contact_id"] = HOT
        producer.produce(ENGAGEMENT.name, json.dumps(row).encode(), str(row.get("contact_id")).encode())
        if number % 10_000 == 0:
            producer.flush()
    producer.flush()
