"""`scripts/bench promote`: other criteria under traffic, workers killed while contacts go over."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import click

from processors.lifecycle_files import load_lifecycle
from processors.topic_admin import ensure_topics
from schemas.codec import decode_trusted, encode
from schemas.events import HEADER
from schemas.topics import CONTACT_EVENTS, ENGAGEMENT, MQL_HANDOFF
from tests.bench import figures
from tests.bench.servers import STAGELINE, broker, start_worker, workers
from tests.builders.kafka import Committed, make_producer, read_topic, record_ends
from tests.chaos.oracle import PUBLISHED
from tests.chaos.promoted import fold_promoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.oracle import Outputs

FILE = Path(__file__).with_suffix(".yaml")
WORKERS = 2
WRITTEN = "The barriers of generation"  # said on standard error as soon as they are
BETWEEN_KILLS_S = 2.0
PATIENCE_S = 300.0


@click.command()
@click.option("--contacts", default=20_000, show_default=True, help="Known before, by 1 to 6 events each.")
@click.option("--rate", default=1_000, show_default=True, help="Events a second meanwhile.")
@click.option("--kills", default=1, show_default=True, help="Workers killed once the barriers are written.")
@figures.as_json
def promote(contacts: int, rate: int, kills: int, *, as_json: bool) -> None:
    """Promote from history: a quarter of the contacts is handed over, another quarter is taken back.

    Afterwards everything told is held against plain folds of the log.
    """
    home = Path(mkdtemp(prefix="stageline-promote-"))
    click.echo(f"Logs: {home}", err=True)
    before, after = (_file(home, *one) for one in (("1.0.0", "read"), ("2.0.0", "priced")))
    os.environ |= {"STAGELINE_LIFECYCLE": str(before), "STAGELINE_HOME": str(home)}
    with broker(fresh=True) as bootstrap:
        ensure_topics(bootstrap)
        traffic = Traffic(bootstrap, contacts)
        with workers(bootstrap, WORKERS, home) as running:
            traffic.fill()
            _wait_until_decided(bootstrap, traffic)
            found = _measure(
                bootstrap, after, traffic, rate, lambda n: _kill(bootstrap, home, running, n), kills
            )
            _wait_until_decided(bootstrap, traffic)
        found |= _judge(bootstrap, before, after)
    figures.show({"contacts": contacts, "rate": rate, "kills": kills, **found}, as_json=as_json)


def _file(home: Path, version: str, what: str) -> Path:
    path = home / f"{version}.yaml"
    path.write_text(FILE.read_text("utf-8").format(version=version, what=what), "utf-8")
    load_lifecycle(str(path))  # what is wrong with it is said before anything starts
    return path


class Traffic:
    """Page views: contacts with even numbers read, those with odd ones look at prices. `sent` counts them."""

    def __init__(self, bootstrap: str, contacts: int) -> None:
        self.sent = 0
        self._contacts = contacts
        self._producer, self._over = make_producer(bootstrap), Event()

    def fill(self) -> None:
        """Give each contact 1 to 6 events."""
        for number in range(self._contacts):
            for _ in range(1 + number // 2 % 6):
                self._send(number)
        self._producer.flush()

    @contextmanager
    def flowing(self, rate: int) -> Iterator[None]:
        """Send at a steady rate meanwhile, on another thread."""
        thread = Thread(target=self._flow, args=(rate,))
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _flow(self, rate: int) -> None:
        chance, started, first = Random(7), time.monotonic(), self.sent  # noqa: S311 - reproducible
        while not self._over.wait(0.01):
            while self.sent - first < (time.monotonic() - started) * rate:
                self._send(chance.randrange(self._contacts))
        self._producer.flush()

    def _send(self, number: int) -> None:
        url = "/pricing" if number % 2 else "/blog/a"
        event = dict.fromkeys(HEADER) | {"event_id": f"e{self.sent}", "contact_id": f"c{number}"}
        event |= {"type": "page_view", "occurred_at": int(time.time() * 1000), "url": url}
        self._producer.produce(ENGAGEMENT.name, encode(event), event["contact_id"])
        self._producer.poll(0)
        self.sent += 1
        if self.sent % 10_000 == 0:
            self._producer.flush()  # its queue is bounded


def _kill(bootstrap: str, home: Path, running: list[subprocess.Popen[bytes]], number: int) -> None:
    """Kill one of the workers, in turn, and start another in its place."""
    place = number % len(running)
    running[place].kill()
    running[place].wait()
    running[place] = start_worker(bootstrap, home / f"worker-{place}.log")


def _measure(
    bootstrap: str, after: Path, traffic: Traffic, rate: int, kill: Callable[[int], None], kills: int
) -> dict[str, Any]:
    """Run the command under traffic; times are those that whoever types it sees."""
    first, started = traffic.sent, time.monotonic()
    with traffic.flowing(rate), _promoting(bootstrap, after) as run:
        assert run.stderr is not None
        told = next((line for line in run.stderr if WRITTEN in line), "")
        written = time.monotonic()
        for number in range(kills):
            time.sleep(BETWEEN_KILLS_S if number else 0)
            kill(number)
        rest = run.stderr.read()
        assert run.wait() == 0, told + rest
        ended, events = time.monotonic(), traffic.sent - first
    return {
        "build_s": round(written - started, 1),
        "switch_s": round(ended - written, 1),
        "events": events,
        "events_per_s": round(events / (ended - started)),
    }


@contextmanager
def _promoting(bootstrap: str, after: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the command, and not beyond this."""
    command = [*STAGELINE, "promote", str(after), "--from-history"]
    env = os.environ | {"BOOTSTRAP_SERVERS": bootstrap}
    run = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        yield run
    finally:
        run.terminate()
        run.communicate()


def _judge(bootstrap: str, before: Path, after: Path) -> dict[str, int]:
    """Hold all that was told against the plain folds."""
    plans = load_lifecycle(str(before)), load_lifecycle(str(after))
    expected = fold_promoted(*plans, read_topic(bootstrap, CONTACT_EVENTS.name))
    told: Outputs = defaultdict(list)
    for topic in PUBLISHED.values():
        for row in read_topic(bootstrap, topic):
            told[topic, row.key].append(decode_trusted(row.value or b""))
    offers, wanted = _offers(told), _offers(expected)
    return {
        "changes": sum(map(len, told.values())),
        "by_the_promotion": sum(
            one["cause"]["criteria_change"] is not None for changes in told.values() for one in changes
        ),
        "offered": len(offers),
        "twice": sum(count > 1 for count in offers.values()),
        "lost": len(wanted.keys() - offers.keys()),
        "divergent": sum(told.get(one) != expected.get(one) for one in told.keys() | expected.keys()),
    }


def _offers(outputs: Outputs) -> Counter[str]:
    """Count how often each hand-off was sent."""
    handoffs = (
        one for (topic, _), changes in outputs.items() if topic == MQL_HANDOFF.name for one in changes
    )
    return Counter(one["handoff"] for one in handoffs if one["action"] == "offered")


def _wait_until_decided(bootstrap: str, traffic: Traffic) -> None:
    admitted = Committed(bootstrap, "stageline-intake", ENGAGEMENT.name)
    decided = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)
    deadline = time.monotonic() + PATIENCE_S
    while sum(admitted().values()) < traffic.sent or not _passed(decided(), bootstrap):
        if time.monotonic() > deadline:
            raise TimeoutError("the workers have not decided about everything")
        time.sleep(0.5)


def _passed(decided: dict[int, int], bootstrap: str) -> bool:
    ends = record_ends(bootstrap, CONTACT_EVENTS.name)
    return all(decided[partition] >= end for partition, end in ends.items())
