"""The doctor on a Redis that is not as it must be, and on views that are not what the log says."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer, TopicPartition

from processors.cli.doctor.views import check_redis
from processors.stack.valkey import url
from processors.topic_admin import administering
from projections.store import View, connect, live_name
from schemas.topics import MQL_HANDOFF
from tests.builders.changes import History
from tests.builders.doctor import Report, examine, leave_marks, project
from tests.builders.views import deliver

if TYPE_CHECKING:
    from processors.stack.server import LocalServer


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("maxmemory-policy", "allkeys-lru", "maxmemory-policy is allkeys-lru: it would drop parts of views"),
        ("maxmemory", "1200kb", "of maxmemory is used; once it is full, writes are refused"),
        ("replicaof", "127.0.0.1 1", "It is a replica: it takes no writes"),
    ],
)
def test_a_redis_that_would_lose_or_refuse_writes_is_found(
    healthy: str, name: str, value: str, found: str
) -> None:
    del healthy
    client = connect(os.environ["REDIS_URL"])
    before = "no one" if name == "replicaof" else str(client.config_get(name)[name])
    set_redis(name, value)
    report = examine()
    set_redis(name, before)
    assert (report.exit_code, found in report.wrong["redis"]) == (1, True)


def set_redis(name: str, value: str) -> None:
    client = connect(os.environ["REDIS_URL"])
    if name == "replicaof":
        client.replicaof(*value.split())
    else:
        client.config_set(name, value)


def test_a_redis_that_is_down_or_hangs_is_found(healthy: str, valkey: LocalServer) -> None:
    del healthy
    valkey.pause()
    hangs = examine()
    valkey.resume()
    assert "It does not answer" in hangs.wrong["redis"]
    report_without = _without_redis()
    assert "It does not answer: Error 111" in report_without.wrong["redis"]


def _without_redis() -> Report:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
        return examine()


def test_a_redis_clock_that_is_off_is_found(healthy: str) -> None:
    del healthy
    (finding,) = check_redis(connect(os.environ["REDIS_URL"]), lambda: time.time() - 60)
    assert finding.state == "wrong"
    assert re.fullmatch(r"Its clock is (60|[45]\d) s off this machine's\.", finding.what)


def test_a_slow_answer_of_redis_is_not_taken_for_a_clock_that_is_off(healthy: str) -> None:
    del healthy
    asked = time.time()
    (finding,) = check_redis(connect(os.environ["REDIS_URL"]), iter((asked, asked + 60)).__next__)
    assert finding.state == "ok"


@pytest.mark.usefixtures("workers")
def test_a_redis_that_does_not_let_us_ask_is_unknown_and_no_failure(healthy: str) -> None:
    del healthy
    client = connect(os.environ["REDIS_URL"])
    client.acl_setuser(
        "view", enabled=True, passwords=["+pw"], keys=["*"], categories=["+@all"], commands=["-info"]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_URL", os.environ["REDIS_URL"].replace("redis://", "redis://view:pw@"))
        report = examine()
    assert (report.exit_code, report.wrong, report.states["redis"]) == (0, {}, "unknown")


def test_a_view_with_holes_is_found(healthy: str, valkey: LocalServer) -> None:
    del healthy
    history = History("c1")
    history.enter("engaged")
    later = history.enter("mql")
    client = connect(url(valkey.port))
    deliver(View(client, live_name(client) or ""), [later])
    report = examine()
    client.flushall()
    missing = examine()
    project(os.environ["BOOTSTRAP_SERVERS"], url(valkey.port))
    assert "1 changes wait for earlier ones" in report.wrong["view"]
    assert "Nothing was ever projected. Start `stageline projector`." in missing.wrong["view"]


def test_a_view_far_behind_is_found(healthy: str) -> None:
    with KafkaProducer(bootstrap_servers=healthy) as producer:
        for number in range(10_001):
            producer.send(MQL_HANDOFF.name, b"%d" % number, key=b"c1")
    report = examine()
    with administering(healthy) as admin:
        admin.delete_records({TopicPartition(MQL_HANDOFF.name, number): -1 for number in range(8)})
    assert "10,001 offsets behind" in report.wrong["view"]


def test_marks_that_transactions_left_are_nothing_that_a_view_waits_for(
    healthy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGELINE_READY_LAG", "0")
    leave_marks(healthy, MQL_HANDOFF.name)
    marks = examine()
    with KafkaProducer(bootstrap_servers=healthy) as producer:
        producer.send(MQL_HANDOFF.name, b"v", key=b"c1").get(60)
    record = examine()
    with administering(healthy) as admin:
        admin.delete_records({TopicPartition(MQL_HANDOFF.name, number): -1 for number in range(8)})
    assert marks.states["view"] == "ok"
    assert "It is 1 offsets behind." in record.wrong["view"]


def test_an_address_of_redis_that_makes_no_sense_is_redis_s_and_not_kafka_s(
    healthy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del healthy
    monkeypatch.setenv("REDIS_URL", "http://redis.example")
    report = examine()
    assert (report.exit_code, "REDIS_URL cannot be used" in report.wrong["redis"]) == (1, True)
    assert "kafka" not in report.states
