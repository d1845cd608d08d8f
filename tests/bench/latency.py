"""`scripts/bench latency`: from publishing an event to reading the stage change that it caused."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import quantiles
from tempfile import mkdtemp
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
import psutil

from processors.topic_admin import ensure_topics
from schemas.codec import encode
from schemas.events import HEADER
from schemas.topics import ENGAGEMENT, PARTITIONS, STAGE_CHANGED
from tests.bench import figures
from tests.bench.servers import broker, workers
from tests.builders.kafka import end_offsets, make_producer, tail_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.builders.kafka import Row

    Moments = dict[bytes, float]  # contact → monotonic seconds

STARTED_S = 60.0  # by then the workers have joined their groups and answered a first event
LINGER_MS = 20  # as `stageline publish` does; it is part of what is measured
WARM_UP_S = 5  # connections, and code that runs for the first time
VISITORS = 500  # who view pages; known after the warm-up, as most visitors of a site are


@click.command()
@click.option("--rate", default=1_000, show_default=True, help="Events a second.")
@click.option("--seconds", default=30, show_default=True)
@click.option("--changing", default=10, show_default=True, help="Every which event moves a contact.")
@click.option("--partitions", default=PARTITIONS, show_default=True, help="Of each topic.")
@click.option("--count", "worker_count", default=1, show_default=True, help="Workers.")
@figures.as_json
def latency(
    rate: int, seconds: int, changing: int, partitions: int, worker_count: int, *, as_json: bool
) -> None:
    """Publish page views at a steady rate, and demo requests that make their contact an MQL."""
    logs = Path(mkdtemp(prefix="stageline-latency-"))
    with broker() as bootstrap:
        ensure_topics(bootstrap, partitions)
        with workers(bootstrap, worker_count, logs) as running:
            _run(bootstrap, rate=PARTITIONS, seconds=1, changing=1, patience=STARTED_S)
            sent, seen = _run(bootstrap, rate, seconds + WARM_UP_S, changing)
            cpu = sum(sum(psutil.Process(one.pid).cpu_times()[:2]) for one in running)
    told = {"rate": rate, "partitions": partitions, **_summary(sent, seen), "workers_cpu_s": round(cpu, 1)}
    figures.show(told, as_json=as_json)


def _run(
    bootstrap: str, rate: int, seconds: int, changing: int, patience: float = 30.0
) -> tuple[Moments, Moments]:
    """Return when each moving contact's event was published and its change was read."""
    sent: Moments = {}
    seen: Moments = {}
    starts = end_offsets(bootstrap, STAGE_CHANGED.name)
    expected = rate * seconds // changing
    rows = tail_topic(bootstrap, STAGE_CHANGED.name, starts, time.monotonic() + seconds + patience)
    reader = Thread(target=_read, args=(rows, seen, expected))
    reader.start()
    producer = make_producer(bootstrap, linger_ms=LINGER_MS)
    started = time.monotonic()
    for number, (contact, event) in enumerate(_events(rate * seconds, changing)):
        if (ahead := started + number / rate - time.monotonic()) > 0:
            time.sleep(ahead)
        if event["type"] == "demo_requested":
            sent[contact] = time.monotonic()
        producer.produce(ENGAGEMENT.name, encode(event), contact)
        producer.poll(0)
    producer.flush()
    reader.join()
    return sent, seen


def _events(count: int, changing: int) -> Iterator[tuple[bytes, dict[str, Any]]]:
    run = uuid4().hex[:8]
    for number in range(count):
        moving = number % changing == 0
        contact = f"{run}-m{number}" if moving else f"{run}-v{number % VISITORS}"
        event = dict.fromkeys(HEADER) | {"event_id": f"{run}-{number}", "contact_id": contact}
        event["occurred_at"] = int(time.time() * 1000)
        kind = {"type": "demo_requested", "kind": None} if moving else {"type": "page_view", "url": "/blog/a"}
        yield contact.encode(), event | kind


def _read(rows: Iterator[Row], seen: Moments, expected: int) -> None:
    for row in rows:
        seen.setdefault(row.key, time.monotonic())
        if len(seen) >= expected:
            return


def _summary(sent: Moments, seen: Moments) -> dict[str, float]:
    warm = min(sent.values()) + WARM_UP_S
    waits = [1000 * (seen[key] - at) for key, at in sent.items() if at >= warm and key in seen]
    cuts = quantiles(waits, n=1000)
    return {
        "changes": len(waits),
        "missing": len(sent.keys() - seen.keys()),
        "p50_ms": round(cuts[499], 1),
        "p90_ms": round(cuts[899], 1),
        "p99_ms": round(cuts[989], 1),
        "max_ms": round(max(waits), 1),
    }
