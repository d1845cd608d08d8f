"""How long it takes a worker to take over what another one owned, with the states of many contacts."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import msgpack
import psutil

from processors.engine.place import Place
from processors.engine.recovery import PROGRESS_KEY, progress_row
from processors.topic_admin import ensure_topics
from schemas.topics import LIFECYCLE_CHANGELOG, PARTITIONS
from tests.bench.servers import STAGELINE, workers
from tests.builders.kafka import make_producer

if TYPE_CHECKING:
    from collections.abc import Callable

NEXT_YEAR_MS = int((time.time() + 365 * 86_400) * 1000)
STATE = msgpack.packb([1, NEXT_YEAR_MS, b"s" * 280])  # what the engine looks at: when it is due
ALL = f"ready group=stageline-lifecycle partitions={PARTITIONS}"
HALF = f"ready group=stageline-lifecycle partitions={PARTITIONS // 2}"


def fill(bootstrap: str, contacts: int) -> None:
    """Give the lifecycle's changelog that many contacts."""
    ensure_topics(bootstrap)
    producer = make_producer(bootstrap)
    each = contacts // PARTITIONS
    for partition in range(PARTITIONS):
        for number in range(each):
            producer.produce(LIFECYCLE_CHANGELOG.name, STATE, b"contact-%08d" % number, partition)
            if number % 10_000 == 0:
                producer.flush()
        producer.produce(LIFECYCLE_CHANGELOG.name, progress_row(Place(0), each), PROGRESS_KEY, partition)
    producer.flush()


def measure(bootstrap: str, *, standby: bool) -> dict[str, Any]:
    """Let two workers share the partitions, end one, and look at the other until it has them all."""
    logs = Path(mkdtemp(prefix="stageline-takeover-"))
    options = ["--standby"] if standby else []
    with workers(bootstrap, 2, logs, STAGELINE, options) as (stays, goes):
        log = logs / "worker-0.log"
        _wait(log, lambda text: text.rpartition("assigned group=stageline-lifecycle")[2].count(HALF) > 0)
        _wait(log, lambda text: not standby or text.count("standby topic=") >= PARTITIONS // 2)
        process = psutil.Process(stays.pid)
        seen, cpu, started = log.read_text().count(ALL), sum(process.cpu_times()[:2]), time.monotonic()
        goes.terminate()
        _wait(log, lambda text: text.count(ALL) > seen)
        return {
            "seconds": round(time.monotonic() - started, 1),
            "cpu_s": round(sum(process.cpu_times()[:2]) - cpu, 1),
            "rss_mib": process.memory_info().rss >> 20,
        }


def _wait(log: Path, condition: Callable[[str], bool], patience_s: float = 240) -> None:
    deadline = time.monotonic() + patience_s
    while not condition(log.read_text(encoding="utf-8")):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the worker does not get on: {log}")
        time.sleep(0.05)
