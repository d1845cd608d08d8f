"""The engine on a real broker, with a processor small enough to check by hand."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.builders.kafka import create_topics, delete_topic, make_producer, read_topic
from tests.chaos.counting import BUG, PERSONAL, SESSION, CountingSubject
from tests.chaos.crash import PARTITIONS, Fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.chaos.crash import Events, Verdict

CLEAN = (0, 0, 0)


class Bench:
    """One counting group on its own topics, with what was sent to it."""

    def __init__(self, bootstrap: str, prefix: str, logs: Path) -> None:
        self.bootstrap = bootstrap
        self.logs = logs
        self.subject = CountingSubject(bootstrap, prefix)
        self.changelog = f"{prefix}-changelog"
        self.sent: list[tuple[bytes, bytes]] = []
        self.committed = self.subject.progress

    def send(self, events: Events) -> None:
        self.sent += events
        producer = make_producer(self.bootstrap)
        for key, value in events:
            producer.produce(self.subject.source, value, key)
        producer.flush()

    @contextmanager
    def workers(self, count: int) -> Iterator[Fleet]:
        fleet = Fleet(self.subject, self.logs, workers=count)
        try:
            yield fleet
        finally:
            fleet.stop()

    def finish(self, fleet: Fleet) -> None:
        fleet.wait(self.subject.finished)

    def run(self) -> None:
        with self.workers(1) as fleet:
            self.finish(fleet)

    def verdict(self) -> Verdict:
        return self.subject.judge(self.sent)

    def log(self) -> str:
        return "".join(path.read_text() for path in self.logs.glob("*.log"))


@pytest.fixture
def bench(bootstrap_servers: str, unique: Callable[[str], str], tmp_path: Path) -> Bench:
    return Bench(bootstrap_servers, unique("counting"), tmp_path)


def test_a_worker_started_again_goes_on_where_it_stopped(bench: Bench) -> None:
    bench.send(bench.subject.events(3_000, seed=1))
    bench.run()
    bench.send(bench.subject.events(3_000, seed=2))
    bench.run()
    assert bench.verdict()[1:] == CLEAN


def test_a_worker_that_is_asked_to_stop_hands_its_partitions_over_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SESSION, "120000")
    bench.send(bench.subject.events(1_000, seed=1))
    with bench.workers(2) as fleet:
        bench.finish(fleet)
        fleet.signal(0, signal.SIGTERM)
        asked = time.monotonic()
        bench.send(bench.subject.events(1_000, seed=2))
        fleet.wait(bench.subject.finished)
        assert time.monotonic() - asked < 110  # a session would take 120
    assert bench.verdict()[1:] == CLEAN


def test_a_worker_that_slept_through_its_session_writes_nothing_when_it_wakes(bench: Bench) -> None:
    with bench.workers(2) as fleet:
        bench.send(bench.subject.events(1_000, seed=1))
        bench.finish(fleet)
        bench.send(bench.subject.events(20_000, seed=2))
        fleet.signal(0, signal.SIGSTOP)
        bench.finish(fleet)  # by the other one alone
        fleet.signal(0, signal.SIGCONT)
        bench.send(bench.subject.events(2_000, seed=3))
        bench.finish(fleet)
        time.sleep(3)  # what the sleeper still had to write, it has tried to write by now
        assert fleet.ended == 0
    assert bench.verdict()[1:] == CLEAN


def test_a_lost_changelog_is_folded_again_from_the_source_and_nothing_is_told_twice(
    bench: Bench,
) -> None:
    bench.send(bench.subject.events(5_000, seed=1))
    bench.run()
    delete_topic(bench.bootstrap, bench.changelog)
    create_topics(bench.bootstrap, PARTITIONS, {bench.changelog: {"cleanup.policy": "compact"}})
    bench.send(bench.subject.events(5_000, seed=2))
    bench.run()
    assert bench.verdict()[1:] == CLEAN


def test_a_source_that_was_made_anew_is_refused(bench: Bench) -> None:
    bench.send(bench.subject.events(100, seed=1))
    bench.run()
    delete_topic(bench.bootstrap, bench.subject.source)
    create_topics(bench.bootstrap, PARTITIONS, {bench.subject.source: {}})
    refused = _ended(bench.subject.command(0))
    assert refused.returncode == 1
    assert f"Topic {bench.subject.source}, partition " in refused.stderr
    assert "truncated or made anew" in refused.stderr


def test_a_bug_ends_the_worker_before_a_commit_and_names_the_record_but_quotes_nothing(bench: Bench) -> None:
    bench.send([(b"c1", b"1")])
    bench.run()
    before = bench.committed()
    bench.send([(b"c1", BUG)])
    ended = _ended(bench.subject.command(0))
    assert ended.returncode == 70
    assert "error=RuntimeError" in ended.stderr
    assert f"topic={bench.subject.source}" in ended.stderr
    assert "offset=1" in ended.stderr
    assert PERSONAL not in ended.stderr
    assert bench.committed() == before
    assert len(list(read_topic(bench.bootstrap, bench.changelog))) == 2  # state and progress


def _ended(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
