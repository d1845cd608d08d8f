"""`scripts/bench scale`: many contacts, one contact with half the traffic, and more workers."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import click

from schemas.topics import PARTITIONS
from tests.bench import figures, recovery, takeover, throughput
from tests.bench.servers import broker

RUNS = {"workers_1": (1, False), "hot_contact": (1, True), "workers_2": (2, False), "workers_4": (4, False)}


@click.command()
@click.option("--contacts", default=100_000, show_default=True, help="Whose states are restored.")
@click.option("--events", default=30_000, show_default=True, help="That the workers admit and decide.")
@figures.as_json
def scale(contacts: int, events: int, *, as_json: bool) -> None:
    """Restore states, take partitions over, work off the same events in several ways.

    The figures of docs/operations.md: --contacts 1000000 --events 100000.
    """
    found: dict[str, Any] = {"load_before": os.getloadavg()[0]}
    with broker(fresh=True) as bootstrap:
        found |= _recoveries(bootstrap, contacts)
    with broker(fresh=True) as bootstrap:
        takeover.fill(bootstrap, contacts)
        for standby in (False, True):
            name = "takeover_with_standby" if standby else "takeover"
            found[name] = takeover.measure(bootstrap, standby=standby)
    for name, (worker_count, hot) in RUNS.items():
        with broker(fresh=True) as bootstrap:
            throughput.publish(bootstrap, events, contacts // 10, hot=hot)
            found[name] = throughput.measure(bootstrap, events, worker_count)
    found["load_after"] = os.getloadavg()[0]
    figures.show(found, as_json=as_json)


def _recoveries(bootstrap: str, contacts: int) -> dict[str, Any]:
    """Restore the same changelog into each store; each time in a process of its own, for its memory."""
    topic = recovery.make_changelog(bootstrap, contacts, PARTITIONS)
    folder = Path(mkdtemp(prefix="stageline-state-"))
    found = {}
    try:
        for name, where in {"memory_cold": None, "rocksdb_cold": folder, "rocksdb_local": folder}.items():
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                found[name] = process.submit(recovery.measure, bootstrap, topic, PARTITIONS, where).result()
    finally:
        shutil.rmtree(folder)
    return found
