"""The projector between a genuine broker and a Redis that is flushed, killed, read-only, full or slow."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from processors.stack.valkey import url
from projections.generations import SupersededError
from projections.log import OUTPUTS
from projections.projector import Projector
from projections.store import RedisAwayError, View, connect, keep_only, live_name, live_view, show
from projections.views.funnel import Rung, read_funnel
from schemas.codec import encode
from tests.builders.changes import HOUR, START, History
from tests.builders.views import deliver, dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer

PARTITIONS = 2
LADDER = (Rung(track="main", stage="lead"), Rung(track="main", stage="mql"), Rung(track="main", stage="sal"))
TOPICS = {"stage_changed": OUTPUTS[0], "segment_changed": OUTPUTS[1], "mql_handoff": OUTPUTS[2]}


@pytest.fixture(autouse=True)
def fresh(broker: LocalServer, valkey: LocalServer) -> None:
    """Topics made anew and an empty Redis for each test."""
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    old = sorted(set(admin.list_topics()) & set(OUTPUTS))
    if old:
        admin.delete_topics(old)
        until(lambda: not set(admin.list_topics()) & set(OUTPUTS))
    admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in OUTPUTS])
    admin.wait_for_topics(list(OUTPUTS))
    admin.close()
    connect(url(valkey.port)).flushall()


@contextmanager
def projecting(broker: LocalServer, valkey: LocalServer) -> Iterator[None]:
    """Run a projector beside the test, and end it as SIGTERM would."""
    stop = Event()
    projector = Projector(bootstrap=broker.address, redis_url=url(valkey.port), ladder=LADDER, stop=stop)
    thread = Thread(target=projector.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=20)
        assert not thread.is_alive()


def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Wait for a condition; a Redis that is away is waited for too."""
    end = monotonic() + seconds
    while monotonic() < end:
        try:
            if condition():
                return
        except RedisAwayError:
            pass
        sleep(0.05)
    raise AssertionError("not within the time")


def publish(
    broker: LocalServer, changes: list[dict[str, Any]], *, transaction: str | None = "commit"
) -> None:
    """Send outputs as the engine does: keyed by contact, in a transaction."""
    producer = KafkaProducer(
        bootstrap_servers=broker.address, transactional_id="test-outputs" if transaction else None
    )
    if transaction:
        producer.init_transactions()
        producer.begin_transaction()
    for change in changes:
        producer.send(TOPICS[change["record"]], key=change["contact_id"].encode(), value=encode(change))
    producer.flush()
    if transaction == "commit":
        producer.commit_transaction()
    elif transaction == "abort":
        producer.abort_transaction()
    producer.close()


def people(number: int, start: str = "c") -> list[dict[str, Any]]:
    """So many contacts, each of which became a lead, and every second an MQL."""
    found = []
    for index in range(number):
        history = History(f"{start}{index}")
        history.enter("lead")
        history.band("cold")
        if index % 2:
            history.wait(HOUR).enter("mql")
            history.handoff("offered", f"h-{start}{index}")
        found += history.changes
    return found


def now_in(valkey: LocalServer) -> dict[str, int]:
    """Contacts by stage, as readers see them."""
    view = live_view(connect(url(valkey.port)))
    if view is None:
        return {}
    return {stage["stage"]: stage["now"] for stage in read_funnel(view.ask, START)["stages"]}


def shown(valkey: LocalServer) -> dict[str, Any]:
    """All that readers can see."""
    view = live_view(connect(url(valkey.port)))
    return dump(url(valkey.port), view) if view else {}


def expected(valkey: LocalServer, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """What a view holds to which these changes were simply applied, one after the other."""
    view = View(connect(url(valkey.port)), "expected")
    view.remove()
    deliver(view, changes)
    found = dump(url(valkey.port), view)
    view.remove()
    return found


def as_expected(valkey: LocalServer, changes: list[dict[str, Any]]) -> bool:
    found = shown(valkey)
    found.pop("ladder", None)
    return found == expected(valkey, changes)


HALF = {"lead": 5, "mql": 5, "sal": 0}
ALL = {"lead": 10, "mql": 10, "sal": 0}


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
    publish(broker, people(10))
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == HALF)
    old = live_name(connect(url(valkey.port)))
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.delete_topics(list(OUTPUTS))
    until(lambda: not set(admin.list_topics()) & set(OUTPUTS))
    admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in OUTPUTS])
    admin.wait_for_topics(list(OUTPUTS))
    admin.close()
    publish(broker, people(4, "d"))
    with projecting(broker, valkey):
        until(lambda: now_in(valkey) == {"lead": 2, "mql": 2, "sal": 0})
        until(lambda: not list(connect(url(valkey.port)).scan_iter(f"stageline:{old}:*")))


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

    thread = Thread(target=run)
    thread.start()
    until(lambda: now_in(valkey) == HALF)
    newer = View(client, "2-newer.1")
    deliver(newer, people(10))
    until(lambda: len(client.smembers("stageline:names")) == 1 and now_in(valkey) == HALF)
    show(client, newer.name)
    keep_only(client, newer.name)
    thread.join(timeout=20)
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
        admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in OUTPUTS])
        admin.wait_for_topics(list(OUTPUTS))
        publish(broker, people(10))
        until(lambda: as_expected(valkey, people(10)))
    admin.close()
