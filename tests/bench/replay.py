"""Replay from an archive: events per second and core of both back-ends, decoding and unpacking included."""

from __future__ import annotations

import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click

from processors.archive.folder import open_archive
from processors.backend import chosen, compiled
from processors.lifecycle_files import load_lifecycle
from processors.replay.job import Job
from processors.replay.parts import replay_part
from processors.replay.summary import Tally
from schemas.native import BACKEND
from tests.bench import figures
from tests.bench.made_archive import make

PARTITIONS = 2


class Measured(NamedTuple):
    """`seconds` of processor time, `peak_mb` of memory."""

    backend: str
    events: int
    seconds: float
    peak_mb: int
    digest: int

    @property
    def rate(self) -> int:
        return round(self.events / self.seconds)


@click.command()
@click.option("--events", default=1_000_000, show_default=True)
@click.option("--contacts", type=int, help="[default: one for 20 events]")
@click.option(
    "--reference", default=50_000, show_default=True, help="Events for the reference, which is slow."
)
@click.option("--lifecycle", default="buyers-journey", show_default=True)
@click.option("--takeover", help="The criteria that take over, from history, in the middle of the log.")
@figures.as_json
def replay(
    events: int, contacts: int | None, reference: int, lifecycle: str, takeover: str | None, *, as_json: bool
) -> None:
    """Make a seeded archive and replay it with both back-ends, each in a process of its own.

    Both replay the smaller archive: ratio and digests are of that run. The native one replays all as well.
    """
    with TemporaryDirectory(prefix="stageline-bench-") as home:
        small, large = Path(home) / "small", Path(home) / "large"
        sample = min(reference, events)
        other = None if takeover is None else load_lifecycle(takeover)
        make(small, sample, max(1, (contacts or events // 20) * sample // events), PARTITIONS, other)
        make(large, events, contacts or max(1, events // 20), PARTITIONS, other)
        slow = measure(small, lifecycle, "reference")
        fast = measure(small, lifecycle, "native")
        whole = measure(large, lifecycle, "native")
    if fast.backend != "native":
        click.echo("The compiled back-end is not installed: all figures are the reference's.", err=True)
    figures.show(
        {
            "events": whole.events,
            "reference_events": slow.events,
            "reference_per_core_s": slow.rate,
            "native_per_core_s_of_the_same": fast.rate,
            "native_per_core_s": whole.rate,
            "ratio": round(fast.rate / slow.rate, 1),
            "digests_equal": slow.digest == fast.digest,
            "reference_peak_mb": slow.peak_mb,
            "native_peak_mb": whole.peak_mb,
        },
        as_json=as_json,
    )


def measure(archive: Path, lifecycle: str, backend: str) -> Measured:
    os.environ[BACKEND] = backend  # which the process goes by from its start
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measure, archive, lifecycle).result()


def _measure(archive: Path, lifecycle: str) -> Measured:
    plan, total = load_lifecycle(lifecycle), Tally()
    with TemporaryDirectory(prefix="stageline-bench-") as work:
        job = Job(
            plan=plan, archive=archive, work=Path(work), as_of=None, anew=False, changes=False, states=False
        )
        compiled(plan)  # once for a process, however much it replays; not part of the figures
        begun = time.process_time()
        for partition in open_archive(archive).manifests:
            total.add(replay_part(job, partition, lambda _records: None))
        seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB, on macOS bytes
    return Measured(
        chosen(),
        total.events,
        seconds,
        peak // (1 << 20 if sys.platform == "darwin" else 1 << 10),
        total.digest,
    )
