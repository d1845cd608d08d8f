"""`scripts/bench`: the measurements that stand in the documents, one command each; `--help` lists them."""

from __future__ import annotations

import signal
import sys

import click

from tests.bench.build import build
from tests.bench.core import core
from tests.bench.crash import crash
from tests.bench.latency import latency
from tests.bench.lifecycle import lifecycle
from tests.bench.metrics import metrics
from tests.bench.peers import peers
from tests.bench.product import product
from tests.bench.promote import promote
from tests.bench.recovery import recovery
from tests.bench.replay import replay
from tests.bench.scale import scale
from tests.bench.throughput import throughput


@click.group()
def main() -> None:
    """Measure. Figures go to stdout, progress to stderr."""


main.add_command(build)
main.add_command(core)
main.add_command(crash)
main.add_command(latency)
main.add_command(lifecycle)
main.add_command(peers)
main.add_command(metrics)
main.add_command(product)
main.add_command(promote)
main.add_command(recovery)
main.add_command(replay)
main.add_command(scale)
main.add_command(throughput)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # brokers and workers are stopped on the way out
main()
