"""`scripts/bench lifecycle`: what the lifecycle processor costs without Kafka: CPU time for each event.

The digests say whether a change kept outputs and states.
"""

from __future__ import annotations

import json
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import click

from processors.backend import chosen, compiled
from processors.engine.batch import Batch
from processors.engine.lifecycle import Lifecycle
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers
from processors.intake import place_normal
from processors.lifecycle_files import load_lifecycle
from schemas.codec import encode
from schemas.ndjson import parse_line
from schemas.topics import CONTACT_EVENTS
from tests.bench import figures
from tests.bench.generate import rows
from tests.builders.records import FetchedRecord

if TYPE_CHECKING:
    from processors.engine.batch import Output
    from processors.lifecycle.plan import Plan


@click.command()
@click.option("--lifecycle", "name", default="buyers-journey", show_default=True, help="File or preset.")
@click.option("--events", default=50_000, show_default=True)
@click.option("--contacts", default=5_000, show_default=True)
@click.option("--batch", "size", default=500, show_default=True, help="Records in a batch.")
@figures.as_json
def lifecycle(name: str, events: int, contacts: int, size: int, *, as_json: bool) -> None:
    """Decide about a made-up year of one partition, batch by batch, with the back-end that is installed."""
    plan, store = load_lifecycle(name), MemoryStore()
    compiled(plan, "outputs")  # once for a process; not part of the figures
    log = _log(events, contacts)
    outputs, seconds = _decided(plan, log, store, size)
    found = {
        "backend": chosen(),
        "events": len(log),
        "outputs": len(outputs),
        "process_us": round(seconds / len(log) * 1e6, 1),
        "outputs_sha256": sha256(repr(outputs).encode()).hexdigest(),
        "states_sha256": sha256(repr(sorted(store.items())).encode()).hexdigest(),
    }
    figures.show(found, as_json=as_json)


def _log(events: int, contacts: int) -> list[FetchedRecord]:
    log: list[FetchedRecord] = []
    for row in rows(events, contacts, seed=7):
        for placed in place_normal(parse_line(json.dumps(row))):
            _append(log, str(placed["contact_id"]).encode(), encode(placed))
    return log


def _append(log: list[FetchedRecord], key: bytes | None, value: bytes | None) -> None:
    log.append(FetchedRecord(key=key, value=value, offset=len(log), topic=CONTACT_EVENTS.name))


def _decided(
    plan: Plan, log: list[FetchedRecord], store: MemoryStore, size: int
) -> tuple[list[Output], float]:
    """Outputs, and seconds of CPU time. What contacts pass on is appended to the log."""
    processor, timers, start = Lifecycle(plan), Timers(), 0
    outputs: list[Output] = []
    seconds = 0.0
    while start < len(log):
        records = log[start : start + size]
        end, source = start + len(records), log[0].source
        batch = Batch(source=source, records=records, store=store, timers=timers, next_offset=end)
        begun = time.process_time()
        processor.process(batch)
        store.apply(batch.states)
        seconds += time.process_time() - begun
        start = batch.next_offset
        outputs += batch.outputs
        for output in batch.outputs:
            if output.topic == CONTACT_EVENTS.name:
                _append(log, output.key, output.value)
    return outputs, seconds
