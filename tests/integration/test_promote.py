"""Criteria change on a real broker under traffic, with kills; replay of the log says what had to come."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from processors.engine.transaction import partition_of
from processors.lifecycle_files import load_lifecycle
from processors.replay.replay import Replay
from processors.topic_admin import ensure_topics
from schemas.codec import decode_trusted
from schemas.topics import CONTACT_EVENTS, ENGAGEMENT, MQL_HANDOFF, SEGMENT_CHANGED, STAGE_CHANGED
from tests.builders.kafka import make_producer, read_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer

Found = TypeVar("Found")
STAGELINE = Path(sys.executable).with_name("stageline")
PARTITIONS = 2
CONTACTS = 60
MANY = 1_000  # far more than anybody will have seen
PATIENCE_S = 150.0
TOPICS = {
    "stage_changed": STAGE_CHANGED.name,
    "segment_changed": SEGMENT_CHANGED.name,
    "mql_handoff": MQL_HANDOFF.name,
}
LIFECYCLE = """
lifecycle: 1
id: promoted
version: {version}
behaviours:
  view: {{event: page_view}}
  priced: {{event: page_view, where: {{url: {{path: /pricing}}}}}}
scores:
  interest: {{rules: [{{id: seen, per: view, points: 1}}]}}
segments:
  heat: {{of: interest, bands: [{{id: warm, gte: 4}}, {{id: cold}}]}}
stages:
  - {{id: lead, name: Lead, definition: Looked., owner: marketing, goal: Look again.,
      enter: {{did: {{what: view}}}}, leave: [{{goto: cold, after: 6s, reason: quiet}}]}}
  - {{id: mql, name: MQL, definition: Looked often., owner: marketing, goal: Hand over., terminal: true,
      enter: {{did: {{what: {what}, at_least: {views}}}}},
      handoff: {{to: sales, accept_within: {within}, clock: wall}}}}
  - {{id: cold, detour: true, terminal: true, owner: marketing, definition: Was quiet., goal: None.}}
"""


class System:
    """Two workers on a broker, their files, and traffic: of contacts, and of visitors who become some."""

    def __init__(self, broker: LocalServer, home: Path) -> None:
        self.bootstrap, self.home = broker.address, home
        self.first = self.file("a", "1.0.0", what="view", views=6)
        self.environment = os.environ | {
            "BOOTSTRAP_SERVERS": broker.address,
            "STAGELINE_LIFECYCLE": str(self.first),
            "STAGELINE_HOME": str(home),
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self.sent = 0
        self._over = Event()
        self._traffic = Thread(target=self._flow)

    def file(self, name: str, version: str, *, what: str, views: int, within: str = "4h") -> Path:
        path = self.home / f"{name}.yaml"
        path.write_text(LIFECYCLE.format(version=version, what=what, views=views, within=within))
        return path

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [STAGELINE, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen([STAGELINE, *words], env=self.environment, stdout=log, stderr=log)

    def start(self, workers: int) -> None:
        self.workers += [self.begin("worker") for _ in range(workers)]

    def kill(self, number: int) -> None:
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait()
        self.workers[number] = self.begin("worker")

    def stop(self) -> None:
        self._over.set()
        self._traffic.join()
        for one in self.workers:
            one.terminate()
        for one in self.workers:
            one.wait(60)

    def flow(self) -> None:
        self._traffic.start()

    def _flow(self) -> None:
        producer, chance = make_producer(self.bootstrap), Random(7)  # noqa: S311 - reproducible
        while not self._over.wait(0.02):
            contact, visitor = f"c{chance.randrange(CONTACTS)}", f"v{self.sent // 20}"
            view = {
                "type": "page_view",
                "event_id": f"e{self.sent}",
                "occurred_at": int(time.time() * 1000),
                "url": chance.choice(("https://x.example/pricing", "https://x.example/blog")),
            }
            events = [view | ({"anonymous_id": visitor} if self.sent % 10 == 0 else {"contact_id": contact})]
            if self.sent % 20 == 19:
                events.append(
                    {
                        "type": "contact_identified",
                        "event_id": f"i{self.sent}",
                        "occurred_at": view["occurred_at"],
                        "anonymous_id": visitor,
                        "contact_id": contact,
                    }
                )
            for event in events:
                producer.produce(ENGAGEMENT.name, json.dumps(event).encode(), contact.encode())
            producer.poll(0)
            self.sent += 1
        producer.flush()

    def wait(self, what: str, done: Callable[[], Found]) -> Found:
        deadline = time.monotonic() + PATIENCE_S
        while not (found := done()):
            logs = "".join(path.read_text()[-3_000:] for path in self.home.glob("*.log"))
            assert time.monotonic() < deadline, f"{what} takes too long\n{logs}"
            time.sleep(0.3)
        return found

    def log(self) -> list[dict[str, Any]]:
        rows = read_topic(self.bootstrap, CONTACT_EVENTS.name)
        return [
            decode_trusted(row.value or b"") | {"position": row.offset, "partition": row.partition}
            for row in rows
        ]

    def told(self) -> dict[tuple[str, str], list[Any]]:
        found: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for topic in TOPICS.values():
            for row in read_topic(self.bootstrap, topic):
                found[topic, row.key.decode()].append(decode_trusted(row.value or b""))
        return dict(found)

    def expected(self) -> dict[tuple[str, str], list[Any]]:
        log = self.log()
        run = Replay(
            load_lifecycle(str(self.first)),
            lambda: log,
            recorded=True,
            home=lambda contact: partition_of(contact.encode(), PARTITIONS),
        )
        found: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for one in log:
            for change in run.feed(one):
                found[TOPICS[change["record"]], change["contact_id"]].append(change)
        return dict(found)

    def states(self) -> list[str]:
        lines = self.command("generations", "--json").stdout.splitlines()
        return [json.loads(line)["state"] for line in lines]


@pytest.fixture
def system(broker: LocalServer, tmp_path: Path) -> Iterator[System]:
    ensure_topics(broker.address, PARTITIONS)
    made = System(broker, tmp_path)
    yield made
    made.stop()


@pytest.mark.timeout(600)
def test_criteria_change_there_and_back_under_traffic_and_kills_and_nothing_is_lost_or_told_twice(
    system: System,
) -> None:
    system.start(2)
    system.flow()
    system.wait("the first traffic", lambda: len(system.told()) > CONTACTS)
    other = system.file("b", "2.0.0", what="priced", views=MANY)

    tried = system.command("promote", str(other), "--dry-run", "--json")
    assert tried.returncode == 0, tried.stderr
    preview = json.loads(tried.stdout)
    assert preview["stages"]["mql"]["from"] > 0 == preview["stages"]["mql"]["to"]
    assert system.states() == ["live"]  # nothing was written

    for seconds in (2.0, 2.5, 3.0, 3.5):  # about where it reads history, writes states, builds, or switches
        promoting = system.begin("promote", str(other))
        time.sleep(seconds)
        promoting.send_signal(signal.SIGKILL)
        promoting.wait()
    finished = system.begin("promote", str(other))
    system.wait("the barriers", lambda: "switched" in _statuses(system) or finished.poll() is not None)
    system.kill(0)
    system.wait("the promotion", lambda: finished.poll() is not None and "live" in system.states()[1:])
    system.kill(1)

    harder = system.file("c", "2.1.0", what="priced", views=MANY, within="8h")
    swift = system.command("promote", str(harder))  # the same shape: in place
    assert swift.returncode == 0, swift.stderr
    back = system.command("rollback")
    assert back.returncode == 0, back.stderr
    first = system.command("promote", str(system.first))  # by history again: that is another shape
    assert first.returncode == 0, first.stderr
    nothing = system.command("promote", "--abort")
    assert (nothing.returncode, "nothing can be aborted" in nothing.stderr) == (1, True)

    system._over.set()
    told = system.wait("everything", lambda: _settled(system))
    offers = Counter(
        one["handoff"] for (topic, _), all_ in told.items() if topic == MQL_HANDOFF.name
        for one in all_ if one["action"] == "offered"
    )  # fmt: skip
    assert max(offers.values()) == 1
    changed = [one for all_ in told.values() for one in all_ if one["cause"]["criteria_change"]]
    assert {one["action"] for one in changed if one["record"] == "mql_handoff"} == {"withdrawn", "offered"}
    in_place = [one for one in changed if one["lifecycle"] == "promoted@2.1.0"]
    assert {one["reason"] for one in in_place} <= {"quiet"}  # nobody but who had to leave just then
    rest = {one["lifecycle"] for one in changed if one not in in_place}
    assert rest == {"promoted@1.0.0", "promoted@2.0.0"}


def _statuses(system: System) -> list[str]:
    return ["switched" if state in {"live", "on its way"} else state for state in system.states()[1:]]


def _settled(system: System) -> dict[tuple[str, str], list[Any]]:
    """Return what was told once it is what the log comes to: a clock may tell more at any time."""
    admitted = {one["event_id"] for one in system.log() if one["type"] == "page_view"}
    told = system.told()
    return told if len(admitted) == system.sent and told == system.expected() else {}
