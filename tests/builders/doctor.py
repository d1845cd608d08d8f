"""What `stageline doctor` says, and a system for it to look at."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer
from kafka import KafkaProducer

from processors.cli.doctor.groups import GROUPS
from processors.cli.main import main
from processors.stack.valkey import url
from processors.topic_admin import ensure_topics
from projections.projector import Projector
from projections.store import connect, live_name
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer


class Report(NamedTuple):
    """What the command said: `wrong` maps what was looked at to all that is wrong with it."""

    exit_code: int
    wrong: dict[str, str]
    states: dict[str, str]


def examine() -> Report:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    findings = [json.loads(line) for line in result.stdout.splitlines()]
    wrong: dict[str, str] = {}
    for finding in findings:
        if finding["state"] == "wrong":
            assert finding["remedy"], finding
            text = f"{finding['what']} {finding['remedy']}"
            wrong[finding["about"]] = f"{wrong.get(finding['about'], '')} {text}".strip()
    return Report(result.exit_code, wrong, {one["about"]: one["state"] for one in findings})


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


@contextmanager
def healthy_system(broker: LocalServer, valkey: LocalServer) -> Iterator[None]:
    """A system with nothing wrong but that no worker runs: topics, a record, a view."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTSTRAP_SERVERS", broker.address)
        patch.setenv("REDIS_URL", url(valkey.port))
        ensure_topics(broker.address)
        project(broker.address, url(valkey.port))
        with KafkaProducer(bootstrap_servers=broker.address) as producer:
            producer.send(CONTACT_EVENTS.name, b"an event", key=b"c1").get(60)
        yield


def project(bootstrap: str, redis_url: str) -> None:
    """Run the projector until its view is shown."""
    stop = Event()
    projector = Projector(bootstrap=bootstrap, redis_url=redis_url, ladder=(), stop=stop)
    thread = Thread(target=projector.run, daemon=True)  # one that hangs keeps no test run from ending
    thread.start()
    try:
        wait_until(lambda: live_name(connect(redis_url)) is not None)
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()


def leave_marks(bootstrap: str, topic: str, partitions: int = 8) -> None:
    """Leave in every partition what workers leave when they start: three transactions, nothing to be seen."""
    with KafkaProducer(bootstrap_servers=bootstrap, transactional_id="marks") as producer:
        producer.init_transactions()
        for _ in range(3):
            producer.begin_transaction()
            for number in range(partitions):
                producer.send(topic, b"never to be seen", key=b"", partition=number)  # at home everywhere
            producer.flush()
            producer.abort_transaction()


@contextmanager
def working(bootstrap: str, *groups: str) -> Iterator[None]:
    """Members of the workers' groups that take partitions and do nothing.

    They are confluent-kafka's: a member of kafka-python 3.0 stays without partitions when the time
    of a `poll` ends while it joins for a second time (its topics became known after the first).
    """
    with ExitStack() as members:
        for group in groups:
            member = Consumer(
                {
                    "bootstrap.servers": bootstrap,
                    "group.id": group,
                    "enable.auto.commit": False,
                    "session.timeout.ms": 6_000,  # one that left unheard is forgotten
                    "heartbeat.interval.ms": 1_000,
                }
            )
            members.callback(member.close)
            member.subscribe(list(GROUPS[group]))
            wait_until(partial(_joined, member))
        yield


def _joined(member: Consumer) -> bool:
    member.poll(0.05)
    return bool(member.assignment())
