"""`scripts/bench metrics`: what counting costs. The same batches, decided with and without it, in turn."""

from __future__ import annotations

import json
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from processors.engine.lifecycle import Lifecycle
from processors.engine.metrics import Meter
from processors.engine.transaction import route
from processors.intake import admit
from processors.lifecycle_files import load_lifecycle
from tests.bench import figures
from tests.bench.generate import rows
from tests.builders.records import FetchedRecord, batch_of

if TYPE_CHECKING:
    from processors.engine.batch import Processor


@click.command()
@click.option("--rounds", default=40, show_default=True, help="Of which the fastest counts.")
@figures.as_json
def metrics(rounds: int, *, as_json: bool) -> None:
    """Decide full and small batches with and without the metrics: CPU time, no Kafka in it."""
    found: dict[str, Any] = {}
    for size in (50, 1_000):
        records = _records(size)
        found |= {f"batch_{size}_{name}": value for name, value in _compare(records, rounds).items()}
    figures.show(found, as_json=as_json)


def _records(count: int) -> list[FetchedRecord]:
    lines = (json.dumps(row).encode() for row in rows(count * 2, 200, seed=1))
    admitted = (one for line in lines for one in admit(line, received_at=1_772_357_400_000))
    return [
        FetchedRecord(key=key, value=value, offset=offset, topic="contact-events")
        for offset, (key, value) in enumerate(islice(admitted, count))
    ]


def _compare(records: list[FetchedRecord], rounds: int) -> dict[str, float]:
    processor = Lifecycle(load_lifecycle("buyers-journey"))
    meter = Meter(processor.name, "contact-events")
    without, counted = [], []
    for _ in range(rounds):
        without.append(_seconds(processor, records, None))
        counted.append(_seconds(processor, records, meter))
    own = _meter_seconds(processor, records, meter)
    return {
        "us_deciding": round(min(without) * 1e6),
        "us_counting": round(own * 1e6, 1),
        "share": round(own / min(without), 5),
        "ratio": round(min(counted) / min(without), 3),  # the same seen from outside, within the noise
    }


def _seconds(processor: Processor, records: list[FetchedRecord], meter: Meter | None) -> float:
    batch = batch_of(*records)
    started = time.process_time()
    processor.process(batch)
    targets = route(batch.outputs, dict.fromkeys(processor.outputs, 8))
    if meter is not None:
        meter.processed(time.process_time() - started)
        meter.committed(batch, targets, len(records), time.process_time() - started)
    return time.process_time() - started


def _meter_seconds(processor: Processor, records: list[FetchedRecord], meter: Meter) -> float:
    """Time the counting by itself, many times over: it is far below the noise of a batch."""
    batch = batch_of(*records)
    processor.process(batch)
    targets = route(batch.outputs, dict.fromkeys(processor.outputs, 8))
    times = 10_000
    started = time.process_time()
    for _ in range(times):
        meter.processed(0.01)
        meter.committed(batch, targets, len(records), 0.01)
    return (time.process_time() - started) / times
