"""The crash test: events flow through several workers, some are killed, outputs are held against a fold.

The expectation comes from what was sent, not from what a worker saw: a doubled application shows.
"""

from __future__ import annotations

import logging
import random
import subprocess
import time
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tests.builders.kafka import make_producer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from signal import Signals

    Events = Sequence[tuple[bytes, bytes]]

log = logging.getLogger(__name__)

PARTITIONS = 4
SPREAD_S = 25.0  # while workers are being killed, what is left is sent at a rate that would take this long
STEP_S = 0.05
RESTARTS = 4
PATIENCE_S = 45.0  # workers that have not moved on by then stand still; somebody would start them all again


class StandstillError(Exception):
    """The workers do not get on, however often they are started."""


class Verdict(NamedTuple):
    """What outputs and states say. All but `expected` should be 0."""

    expected: int
    lost: int
    duplicated: int
    divergent: int


class Report(NamedTuple):
    """One run.

    `takeover_s`: from each kill until every partition had moved on. `stalled`: how often all workers had
    to be started again for that. `finished`: False when even that did not help; what there is is judged.
    """

    events: int
    kills: int
    expected: int
    lost: int
    duplicated: int
    divergent: int
    takeover_s: list[float]
    ended_by_themselves: int
    stalled: int
    finished: bool
    seconds: float
    seed: int


class Subject(Protocol):
    """What is tested: a worker command, on topics that exist. Events are sent to `source`."""

    source: str

    def command(self, number: int) -> list[str]:
        """Return the command of one worker."""

    def events(self, count: int, seed: int) -> Events:
        """Return key and value of each event to send."""

    def progress(self) -> Mapping[Any, int]:
        """Return how far each partition is. Under load every one of them moves on."""

    def finished(self) -> bool:
        """Tell whether everything sent has been dealt with."""

    def judge(self, events: Events) -> Verdict:
        """Compare what is in the topics with what the events should have led to."""


def crash_test(subject: Subject, bootstrap: str, logs: Path, *, events: int, kills: int, seed: int) -> Report:
    """Run two workers, kill one of them `kills` times while events flow, let them finish, and judge."""
    started = time.monotonic()
    sent = subject.events(events, seed)
    fleet = Fleet(subject, logs, workers=2)
    hurry = Event()
    feeder = Thread(target=_feed, args=(bootstrap, subject.source, sent, hurry), daemon=True)
    feeder.start()
    takeovers: list[float] = []
    finished = False
    try:
        _kill_often(fleet, subject, kills, random.Random(seed), takeovers)  # noqa: S311 - a schedule
        hurry.set()
        feeder.join()
        fleet.wait(subject.finished)
        finished = True
    except StandstillError as error:
        log.warning("%s", error)
    finally:
        hurry.set()
        fleet.stop()
        feeder.join()
    return Report(
        events=events,
        kills=len(takeovers),
        **subject.judge(sent)._asdict(),
        takeover_s=takeovers,
        ended_by_themselves=fleet.ended,
        stalled=fleet.stalled,
        finished=finished,
        seconds=round(time.monotonic() - started, 1),
        seed=seed,
    )


class Fleet:
    """The workers. One that ends is started again, as a supervisor would."""

    def __init__(self, subject: Subject, logs: Path, *, workers: int) -> None:
        self.ended = 0
        self.stalled = 0
        self._subject = subject
        self._logs = logs
        self._processes = [self._start(number) for number in range(workers)]

    def signal(self, number: int, what: Signals) -> None:
        """Send a signal to one worker."""
        self._processes[number].send_signal(what)

    def kill(self, number: int) -> None:
        """SIGKILL one worker and start it again."""
        self._processes[number].kill()
        self._processes[number].wait()
        self._processes[number] = self._start(number)

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait until something is done; start all workers again when they stand still."""
        for _ in range(RESTARTS):
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline:
                if done():
                    return
                self.tend()
                time.sleep(0.1)
            self.stalled += 1
            self.stop()
            self._processes = [self._start(number) for number in range(len(self._processes))]
        raise StandstillError(f"the workers stand still; their logs: {self._logs}")

    def tend(self) -> None:
        """Start those again that ended by themselves."""
        for number, process in enumerate(self._processes):
            if process.poll() is not None:
                self.ended += 1
                self._processes[number] = self._start(number)

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        with (self._logs / f"worker-{number}.log").open("ab") as log:
            return subprocess.Popen(self._subject.command(number), stdout=log, stderr=log)


def _kill_often(
    fleet: Fleet, subject: Subject, kills: int, chance: random.Random, takeovers: list[float]
) -> None:
    """Kill a worker whenever all partitions have moved on since the last time, at a moment left to chance."""
    fleet.wait(lambda: min(subject.progress().values()) > 0)
    for _ in range(kills):
        time.sleep(chance.uniform(0.2, 1.5))
        takeovers.append(_kill(fleet, subject, chance.randrange(2)))


def _kill(fleet: Fleet, subject: Subject, number: int) -> float:
    """Kill a worker; return the seconds until every partition had moved on."""
    before = subject.progress()
    killed = time.monotonic()
    fleet.kill(number)
    fleet.wait(lambda: all(now > before[partition] for partition, now in subject.progress().items()))
    return round(time.monotonic() - killed, 1)


def _feed(bootstrap: str, topic: str, events: Events, hurry: Event) -> None:
    """Send the events: ever slower, so that the flow never dries up, and at once when in a hurry."""
    producer = make_producer(bootstrap)
    sent = 0
    while sent < len(events):
        left = len(events) - sent
        portion = left if hurry.is_set() else max(1, int(left * STEP_S / SPREAD_S))
        for key, value in events[sent : sent + portion]:
            producer.produce(topic, value, key)
        producer.flush()
        sent += portion
        hurry.wait(STEP_S)
