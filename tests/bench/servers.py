"""A broker of the measurement's own, unless BOOTSTRAP_SERVERS gives one; and workers on it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import click

from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STAGELINE = (str(Path(sys.executable).with_name("stageline")),)


@contextmanager
def broker(*, fresh: bool = False) -> Iterator[str]:
    """Yield a broker's address; `fresh`: of one that holds nothing yet, whatever is given."""
    if not fresh and (given := os.environ.get("BOOTSTRAP_SERVERS")):
        yield given
        return
    home = Path(mkdtemp(prefix="stageline-bench-"))
    click.echo(f"Broker's data and workers' logs: {home}", err=True)
    server = kafka_server(home, QUIET)
    server.start()
    try:
        yield server.address
    finally:
        server.stop()


def start_worker(
    bootstrap: str, log: Path, program: Sequence[str] = STAGELINE, options: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start one; what it says is added to `log`."""
    env = os.environ | {"BOOTSTRAP_SERVERS": bootstrap}
    with log.open("ab") as out:
        return subprocess.Popen([*program, "worker", *options], env=env, stdout=out, stderr=out)


@contextmanager
def workers(
    bootstrap: str,
    count: int,
    logs: Path,
    program: Sequence[str] = STAGELINE,
    options: Sequence[str] = (),
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run `stageline worker` processes; `program`: another that takes the same commands.

    Those in the list at the end are ended: whoever kills one puts another there.
    """
    running = [start_worker(bootstrap, logs / f"worker-{n}.log", program, options) for n in range(count)]
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)
