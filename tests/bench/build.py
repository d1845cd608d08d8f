"""`scripts/bench build`: other criteria applied to a log, as `stageline promote` does before it switches."""

from __future__ import annotations

import asyncio
import resource
import time
from functools import partial
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from processors.archive.folder import open_archive
from processors.engine.building import build as build_newest
from processors.lifecycle_files import load_lifecycle
from processors.promotion.from_history import give_head_start
from processors.promotion.generation import generation
from processors.topic_admin import create_like_contact_events, ensure_topics
from schemas.topics import CONTACT_EVENTS, generation_changelog
from tests.bench import figures
from tests.bench.made_archive import make
from tests.bench.servers import broker
from tests.builders.kafka import make_producer

if TYPE_CHECKING:
    from processors.promotion.generation import Generation

PARTITIONS = 8
GENERATION = 2


@click.command()
@click.option("--events", default=1_000_000, show_default=True)
@click.option("--contacts", type=int, help="[default: one for 20 events]")
@click.option("--lifecycle", default="buyers-journey", show_default=True)
@figures.as_json
def build(events: int, contacts: int | None, lifecycle: str, *, as_json: bool) -> None:
    """Write a made-up log to a broker of its own and build a generation from it; nothing else is running."""
    plan = load_lifecycle(lifecycle)
    one = generation(plan, "", GENERATION, 1, status="building", at=0, in_place=False, barriers={})
    with broker(fresh=True) as bootstrap:
        ensure_topics(bootstrap, PARTITIONS)
        create_like_contact_events(bootstrap, generation_changelog(GENERATION))
        _fill(bootstrap, events, contacts or max(1, events // 20))
        started = time.monotonic()
        steps = asyncio.run(_build(bootstrap, one))
        seconds = time.monotonic() - started
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    found = {"events": events, "seconds": round(seconds, 1), "events_per_s": round(events / seconds)}
    figures.show({**found, **steps, "peak_mb": peak >> 10}, as_json=as_json)


def _fill(bootstrap: str, events: int, contacts: int) -> None:
    """Write the log, each partition's records in the order of time."""
    with TemporaryDirectory(prefix="stageline-bench-") as home:
        make(Path(home), events, contacts, PARTITIONS)
        archive, producer = open_archive(Path(home)), make_producer(bootstrap)
        for number in archive.manifests:
            records = sorted(archive.records(number), key=attrgetter("offset"))
            for count, record in enumerate(records, start=1):
                producer.produce(CONTACT_EVENTS.name, record.value, record.key, number)
                if count % 10_000 == 0:
                    producer.flush()  # its queue is bounded
            producer.flush()


async def _build(bootstrap: str, one: Generation) -> dict[str, float]:
    """Return how long each step took (s)."""
    begun: dict[str, float] = {}

    async def look(what: str, _done: int, _total: int) -> None:
        begun.setdefault(what, time.monotonic())

    await give_head_start(bootstrap, one, look)
    await build_newest(bootstrap, one.compiled(), one.number, partial(look, "newest offsets applied"))
    ends = [*list(begun.values())[1:], time.monotonic()]
    names = ("read_s", "replay_s", "write_s", "newest_s")
    return {name: round(end - start, 1) for name, start, end in zip(names, begun.values(), ends, strict=True)}
