"""The projector between a genuine broker and a Redis that is flushed, killed, read-only, full or slow."""

from __future__ import annotations

import logging
from threading import Event, Thread
from time import sleep
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from processors.stack.valkey import url
from projections.generations import SupersededError
from projections.log import OUTPUTS
from projections.projector import Projector
from projections.store import View, connect, keep_only, live_name, show
from tests.builders.changes import HOUR, History
from tests.builders.projecting import (
    LADDER,
    as_expected,
    make_topics,
    now_in,
    people,
    projecting,
    publish,
    until,
)
from tests.builders.views import deliver

if TYPE_CHECKING:
    from processors.stack.server import LocalServer

HALF = {"lead": 5, "mql": 5, "sal": 0}
ALL = {"lead": 10, "mql": 10, "sal": 0}


@pytest.fixture(autouse=True)
def fresh(broker: LocalServer, valkey: LocalServer) -> None:
    """Topics made anew and an empty Redis for each test."""
    make_topics(broker)
    connect(url(valkey.port)).flushall()


def test_changes_reach_redis_once_through_a_restart(broker: LocalServer, valkey: LocalServer) -> None:
    first, second = people(10), people(10, "d")
    publish(broker, first)
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == HALF)
    publish(broker, second)
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == ALL)
        until(lambda: as_expected(valkey, first + second))


def test_changes_of_an_aborted_transaction_are_never_shown(broker: LocalServer, valkey: LocalServer) -> None:
    publish(broker, people(10, "x"), transaction="abort")
    publish(broker, people(10))
    with projecting(broker, valkey):
        until(lambda: as_expected(valkey, people(10)))


def test_a_flushed_redis_is_filled_again_though_nothing_new_comes(
    broker: LocalServer, valkey: LocalServer
) -> None:
    publish(broker, people(10))
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == HALF)
        connect(url(valkey.port)).flushall()
        until(lambda: now_in(valkey) == HALF)
        until(lambda: as_expected(valkey, people(10)))


def test_a_killed_redis_is_waited_for_and_filled_again(broker: LocalServer, valkey: LocalServer) -> None:
    publish(broker, people(10))
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == HALF)
        valkey.kill()
        publish(broker, people(10, "d"))
        valkey.start()
        until(lambda: now_in(valkey) == ALL)
        until(lambda: as_expected(valkey, people(10) + people(10, "d")))


@pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    ],
    ids=["read-only", "out of memory", "too few replicas"],
)
def test_a_redis_that_takes_no_writes_is_waited_for(
    broker: LocalServer, valkey: LocalServer, break_it: tuple[str, ...], mend_it: tuple[str, ...]
) -> None:
    client = connect(url(valkey.port))
    publish(broker, people(10))
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == HALF)
        client.execute_command(*break_it)  # type: ignore[no-untyped-call] # redis-py
        publish(broker, people(10, "d"))
        sleep(1)
        assert now_in(valkey) == HALF
        client.execute_command(*mend_it)  # type: ignore[no-untyped-call] # redis-py
        until(lambda: as_expected(valkey, people(10) + people(10, "d")))


def test_a_redis_that_hangs_longer_than_the_timeout_is_waited_for(
    broker: LocalServer, valkey: LocalServer
) -> None:
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == {"lead": 0, "mql": 0, "sal": 0})
        valkey.pause()
        publish(broker, people(10))
        sleep(6)
        valkey.resume()
        until(lambda: as_expected(valkey, people(10)))


def test_a_broker_that_is_killed_is_waited_for(broker: LocalServer, valkey: LocalServer) -> None:
    publish(broker, people(10))
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == HALF)
        broker.kill()
        broker.start()
        publish(broker, people(10, "d"))
        until(lambda: now_in(valkey) == ALL)


def test_two_projectors_do_no_harm_to_each_other(broker: LocalServer, valkey: LocalServer) -> None:
    with projecting(broker, valkey), projecting(broker, valkey):
        for start in "abcd":
            publish(broker, people(10, start))
        changes = [change for start in "abcd" for change in people(10, start)]
        until(lambda: as_expected(valkey, changes))


def test_topics_made_anew_fill_a_new_view_and_the_old_is_removed(
    broker: LocalServer, valkey: LocalServer
) -> None:
    client = connect(url(valkey.port))
    publish(broker, people(10))
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == HALF)
        until(lambda: len(client.smembers("stageline:names")) == 1)
        old = live_name(client)
        make_topics(broker)
        publish(broker, people(4, "d"))
        until(lambda: now_in(valkey) == {"lead": 2, "mql": 2, "sal": 0}, seconds=120)
        until(lambda: not list(client.scan_iter(f"stageline:{old}:*")))


def test_a_view_that_lost_a_key_is_mended_by_filling_a_new_one(
    broker: LocalServer, valkey: LocalServer
) -> None:
    """As when Redis evicts keys: the contact's next change cannot follow what is no longer known."""
    history = History("c1")
    lead = history.enter("lead")
    mql = history.wait(HOUR).enter("mql")
    publish(broker, [lead])
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == {"lead": 1, "mql": 0, "sal": 0})
    client = connect(url(valkey.port))
    for name in client.scan_iter("stageline:*:applied:*"):
        client.delete(name)
    publish(broker, [mql])
    with projecting(broker, valkey):
        until(lambda: as_expected(valkey, [lead, mql]))


def test_a_projector_whose_readers_were_switched_to_another_view_ends(
    broker: LocalServer, valkey: LocalServer
) -> None:
    """Else two of different versions would build and remove each other's views for ever."""
    publish(broker, people(10))
    client = connect(url(valkey.port))
    projector = Projector(bootstrap=broker.address, redis_url=url(valkey.port), ladder=LADDER, stop=Event())
    ended: list[str] = []

    def run() -> None:
        try:
            projector.run()
        except SupersededError as error:
            ended.append(str(error))

    thread = Thread(target=run, daemon=True)  # nobody else ends it
    thread.start()
    until(lambda: now_in(valkey) == HALF)
    newer = View(client, "2-newer.1")
    deliver(newer, people(10))
    until(lambda: len(client.smembers("stageline:names")) == 1 and now_in(valkey) == HALF)
    show(client, newer.name)
    keep_only(client, newer.name)
    thread.join(timeout=60)
    assert ended == ["another projector has switched to the view 2-newer.1: this one ends."]


def test_a_record_that_is_no_output_is_left_out_and_reported(
    broker: LocalServer, valkey: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.address)
    for value in (b"", b"\xc3\x01", b"garbage", None):
        producer.send(OUTPUTS[0], key=b"c1", value=value)
    producer.close()
    publish(broker, people(10))
    with caplog.at_level(logging.WARNING, "stageline.projector"), projecting(broker, valkey):
        until(lambda: as_expected(valkey, people(10)))
    assert len([line for line in caplog.messages if "left out" in line]) == 4


def test_missing_topics_are_waited_for(
    broker: LocalServer, valkey: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.delete_topics(list(OUTPUTS))
    until(lambda: not set(admin.list_topics()) & set(OUTPUTS))
    with caplog.at_level(logging.WARNING, "stageline.projector"), projecting(broker, valkey):
        until(lambda: any("No topic" in line for line in caplog.messages))
        make_topics(broker)
        publish(broker, people(10))
        until(lambda: as_expected(valkey, people(10)))
    admin.close()
