"""The running system under attack: broker, Valkey, workers and projector, all processes on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET
from processors.stack.valkey import url, valkey_server
from processors.topic_admin import ensure_topics
from projections.store import RedisAwayError, connect, live_view
from schemas.topics import CONTACT_EVENTS, ENGAGEMENT, LIFECYCLE_CHANGELOG
from tests.builders.brokers import with_properties
from tests.builders.kafka import Committed, end_offsets, record_ends
from tests.chaos.crash_points import VARIABLE
from tests.chaos.disk import small_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from processors.stack.server import LocalServer
    from tests.chaos.disk import Disk

PATIENCE_S = 600.0  # a system that is not itself again by then counts as standing still, on any machine
END_S = 30.0  # to finish and leave after SIGTERM
LOOK_S = 0.1
CLEANER = {"log.cleaner.backoff.ms": "200"}  # the default of 15 s is as long as some campaigns
OUTPUTS = ("stage-changed", "segment-changed", "mql-handoff")


class System:
    """See the module. What ends by itself is started again, as a supervisor would; `ended` says what did."""

    def __init__(self, home: Path, broker: LocalServer, valkey: LocalServer, disk: Disk) -> None:
        self.home = home
        self.broker = broker
        self.disk = disk  # of the broker
        self.valkey = valkey
        self.ended: list[str] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._doomed: set[str] = set()  # will end by themselves, and somebody waits for that
        self._admitted = Committed(self.bootstrap, "stageline-intake", ENGAGEMENT.name)
        self._decided = Committed(self.bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)

    @property
    def bootstrap(self) -> str:
        return self.broker.address

    @property
    def redis_url(self) -> str:
        return url(self.valkey.port)

    @property
    def names(self) -> list[str]:
        """Names of all processes there are, or were until they ended by themselves."""
        return list(self._processes)

    @property
    def workers(self) -> list[str]:
        """Names of the workers there are."""
        return [name for name in self.names if name.startswith("worker")]

    def start(self, name: str, crash_at: str | None = None) -> subprocess.Popen[bytes]:
        """Start a process: its name without the number is the command."""
        crash = {} if crash_at is None else {VARIABLE: crash_at}
        given = {"BOOTSTRAP_SERVERS": self.bootstrap, "REDIS_URL": self.redis_url} | crash
        command = [sys.executable, "-m", "tests.chaos.program", name.partition("-")[0]]
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | {"STAGELINE_HOME": str(self.home)} | given
            )
        self._processes[name] = process
        if crash_at is not None:
            self._doomed.add(name)
        return process

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self._processes[name].kill()
        self._processes[name].wait()
        self._forget(name)

    def terminate(self, name: str) -> None:
        """SIGTERM; what has not left in time is killed and counts as ended by itself."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            code = process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code not in (0, -signal.SIGTERM):  # the latter: told before it could listen
            self.ended.append(f"{name}: {code} on SIGTERM")

    def await_end(self, name: str, seconds: float) -> int:
        """Wait for the end of a process that is to end by itself; return its exit code."""
        code = self._processes[name].wait(seconds)
        self._forget(name)
        return code

    def signal(self, name: str, what: signal.Signals) -> None:
        """Send a signal and wait for nothing."""
        self._processes[name].send_signal(what)

    def tend(self) -> None:
        """Start again what has ended by itself."""
        for name, process in list(self._processes.items()):
            if name not in self._doomed and (code := process.poll()) is not None:
                self.ended.append(f"{name}: {code}")
                self.start(name)

    def stop(self) -> None:
        """End every process of ours; the servers go on."""
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
        for name in list(self._processes):
            self.terminate(name)

    def wait(self, done: Callable[[], bool]) -> float:
        """Wait, tending, until something is done; return the seconds it took."""
        started = time.monotonic()
        while not done():
            self.tend()
            waited = time.monotonic() - started
            assert waited < PATIENCE_S, f"the system stands still; logs: {self.home}"
            time.sleep(LOOK_S)
        return time.monotonic() - started

    def progress(self) -> dict[tuple[str, int], int]:
        """Return how far each partition of engagement and contact-events has been consumed."""
        groups = {"admitted": self._admitted(), "decided": self._decided()}
        return {(name, number): end for name, ends in groups.items() for number, end in ends.items()}

    def has_moved_on(self, before: dict[tuple[str, int], int]) -> bool:
        """Tell whether every partition has been consumed further than that; there must be traffic."""
        return all(now > before[place] for place, now in self.progress().items())

    def compacted(self) -> int:
        """Return up to where the broker has compacted the changelog, its partitions added up."""
        found = self.broker.folder / "data" / "cleaner-offset-checkpoint"
        lines = found.read_text(encoding="utf-8").splitlines() if found.exists() else []
        return sum(int(line.split()[2]) for line in lines if line.startswith(LIFECYCLE_CHANGELOG.name))

    def mark(self) -> tuple[dict[int, int], dict[int, int]]:
        """Return where engagement and contact-events end: after the last record, markers do not count."""
        contact_events = record_ends(self.bootstrap, CONTACT_EVENTS.name)
        return end_offsets(self.bootstrap, ENGAGEMENT.name), contact_events

    def is_past(self, mark: tuple[dict[int, int], dict[int, int]]) -> bool:
        """Tell whether both groups have consumed all that was there at a mark."""
        groups = zip((self._admitted(), self._decided()), mark, strict=True)
        return all(now[n] >= end for now, ends in groups for n, end in ends.items())

    def is_shown(self) -> bool:
        """Tell whether the projector has applied every output to the view that readers see."""
        try:
            view = live_view(connect(self.redis_url))
            positions = {} if view is None else view.positions()
        except RedisAwayError:
            return False
        return all(
            positions.get(f"{topic}/{number}", 0) >= end
            for topic in OUTPUTS
            for number, end in record_ends(self.bootstrap, topic).items()
        )

    def keep_data(self) -> Path:
        """Copy what the broker has on its disk, which ends with the system, for whoever looks for a cause."""
        kept = self.home / "broken"
        shutil.copytree(self.broker.folder, kept)
        return kept

    def _forget(self, name: str) -> None:
        del self._processes[name]
        self._doomed.discard(name)

    def memory(self) -> int:
        """Return the resident bytes of the largest worker."""
        found = [psutil.Process(self._processes[name].pid).memory_info().rss for name in self.workers]
        return max(found, default=0)


@contextmanager
def running_system(home: Path, workers: int) -> Iterator[System]:
    """Run everything for the length of a with block."""
    broker, valkey = kafka_server(home, QUIET), valkey_server(home, QUIET)
    with small_disk(broker) as disk, with_properties(CLEANER):
        try:
            broker.start()
            valkey.start()
            ensure_topics(broker.address)
            system = System(home, broker, valkey, disk)
            try:
                for number in range(workers):
                    system.start(f"worker-{number}")
                system.start("projector")
                yield system
            finally:
                system.stop()
        finally:
            broker.resume()
            valkey.stop()
            broker.stop()
