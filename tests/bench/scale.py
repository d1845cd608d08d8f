"""`scripts/bench scale`: many contacts, one contact with half the traffic, and more workers."""

from __future__ import annotations

from typing import Any

import click

from schemas.topics import PARTITIONS
from tests.bench import figures, recovery, throughput
from tests.bench.servers import broker

RUNS = {"workers_1": (1, False), "hot_contact": (1, True), "workers_2": (2, False), "workers_4": (4, False)}


@click.command()
@click.option("--contacts", default=1_000_000, show_default=True, help="Whose states are restored.")
@click.option("--events", default=100_000, show_default=True, help="That the workers admit and decide.")
@figures.as_json
def scale(contacts: int, events: int, *, as_json: bool) -> None:
    """Restore states, then work off the same events in several ways; each on a broker of its own."""
    found: dict[str, Any] = {}
    with broker(fresh=True) as bootstrap:
        found["recovery"] = recovery.measure(bootstrap, contacts, PARTITIONS)
    for name, (worker_count, hot) in RUNS.items():
        with broker(fresh=True) as bootstrap:
            throughput.publish(bootstrap, events, contacts // 10, hot=hot)
            found[name] = throughput.measure(bootstrap, events, worker_count)
    figures.show(found, as_json=as_json)
