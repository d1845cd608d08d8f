"""A running worker and projector seen from outside: health, readiness, metrics, and logs that keep quiet."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from kafka import KafkaProducer

from processors.dead_letters.letter import Letter
from processors.dead_letters.topic import read
from processors.engine.transaction import make_producer
from processors.stack.valkey import url
from processors.topic_admin import ensure_topics
from schemas.topics import CONTACT_EVENTS, ENGAGEMENT, HANDOFF_RESPONSE
from tests.builders.canaries import GOOD, canaries_in, feed, good, hostile
from tests.builders.commands import STAGELINE, Command, running
from tests.builders.doctor import wait_until
from tests.builders.record_batches import AS_SHOWN, BreaksNames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processors.stack.server import LocalServer


@pytest.fixture(scope="module")
def servers(broker: LocalServer, valkey: LocalServer) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTSTRAP_SERVERS", broker.address)
        patch.setenv("REDIS_URL", url(valkey.port))
        ensure_topics(broker.address)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def worker(servers: None, home: Path) -> Iterator[Command]:
    """A worker that has taken in good events and hostile ones, all of them full of canaries."""
    del servers
    with running(home, "worker") as command:
        feed(os.environ["BOOTSTRAP_SERVERS"])
        wait_until(command.ready)
        wait_until(lambda: command.metric("stageline_records_total", topic=CONTACT_EVENTS.name) >= GOOD)
        taken_in = GOOD + len(hostile())
        wait_until(lambda: command.metric("stageline_records_total", group="stageline-intake") == taken_in)
        yield command


def test_a_worker_lives_at_once_and_is_ready_when_its_partitions_are_restored(worker: Command) -> None:
    wait_until(worker.ready)
    ready, healthy = worker.get("/readyz"), worker.get("/healthz")
    assert (ready[0], json.loads(ready[1])) == (200, {"ready": True, "reasons": []})
    assert (healthy[0], json.loads(healthy[1])["stageline-lifecycle"]["open"]) == (200, 8)
    assert worker.get("/nowhere")[0] == 404


def test_a_worker_too_far_behind_is_not_ready_and_says_why(worker: Command, home: Path) -> None:
    del worker
    with running(home, "worker", STAGELINE_READY_LAG="0") as second:
        wait_until(second.ready)
        with held_back(ENGAGEMENT.name, HANDOFF_RESPONSE.name):  # it has partitions of one of them, at least
            wait_until(lambda: "offsets behind, more than 0" in second.get("/readyz")[1])
            assert second.get("/readyz")[0] == 503
            assert second.get("/healthz")[0] == 200
        wait_until(second.ready)


@contextmanager
def held_back(*topics: str) -> Iterator[None]:
    """A record in each partition of these that nobody may read while its transaction is open."""
    settings = {"bootstrap.servers": os.environ["BOOTSTRAP_SERVERS"], "transactional.id": "holding-back"}
    producer = Producer(settings)
    producer.init_transactions(60)
    producer.begin_transaction()
    for topic in topics:
        for number in range(8):
            producer.produce(topic, good(number), partition=number)
    assert producer.flush(60) == 0
    yield
    producer.abort_transaction(60)


def test_before_it_has_partitions_a_worker_is_not_ready(
    servers: None, home: Path, broker: LocalServer
) -> None:
    del servers
    broker.pause()
    try:
        with running(home, "worker") as command:
            wait_until(lambda: command.process.poll() is not None or command.get("/readyz")[0] == 503)
            assert not command.ready()
    finally:
        broker.resume()


def test_the_metrics_count_what_happened(worker: Command) -> None:
    records = worker.metric("stageline_records_total", group="stageline-intake")
    assert records >= GOOD + len(hostile())  # other tests publish, too
    wait_until(lambda: worker.metric("stageline_dead_letters_total") == len(letters()) >= len(hostile()))
    assert worker.metric("stageline_transaction_seconds_count", group="stageline-intake") >= 1
    assert worker.metric("stageline_batch_records_sum", group="stageline-intake") == records
    assert worker.metric("stageline_processing_seconds_count", group="stageline-lifecycle") >= 1
    assert worker.metric("stageline_end_to_end_seconds_count", since="received") >= 1
    assert worker.metric("stageline_end_to_end_seconds_bucket", since="received", le="600.0") >= 1
    assert (
        worker.metric("stageline_end_to_end_seconds_bucket", since="occurred", le="86400.0") == 0
    )  # of March
    assert worker.metric("stageline_delay_seconds_count", group="stageline-intake") >= 1
    # The broker was paused: those that it took for dead come back, and other workers came and left.
    wait_until(lambda: worker.metric("stageline_open") == 24)
    assert worker.metric("stageline_contacts") == 22
    assert worker.metric("stageline_restore_left_offsets") == 0
    # In contact-events there are markers after the last records: the workers' own.
    for topic in (ENGAGEMENT.name, CONTACT_EVENTS.name):
        wait_until(partial(_has_no_lag, worker, topic))
    assert worker.metric("stageline_timers") >= 0
    assert worker.metric("stageline_timer_overdue_seconds") >= 0


def letters() -> list[Letter]:
    return [one for one in read(os.environ["BOOTSTRAP_SERVERS"]) if isinstance(one, Letter)]


def _has_no_lag(worker: Command, topic: str) -> bool:
    return worker.metric("stageline_lag_offsets", topic=topic) == 0


def test_a_partition_lost_to_another_owner_is_counted(worker: Command) -> None:
    before = worker.metric("stageline_fenced_total", group="stageline-lifecycle")
    asyncio.run(take_over("stageline-lifecycle-contact-events-0"))
    with KafkaProducer(bootstrap_servers=os.environ["BOOTSTRAP_SERVERS"]) as producer:
        producer.send(CONTACT_EVENTS.name, b"for a lost partition", key=b"k", partition=0).get(60)
    wait_until(lambda: worker.metric("stageline_fenced_total", group="stageline-lifecycle") > before)
    wait_until(worker.ready)


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_what_a_publisher_has_compressed_is_read(worker: Command, compression: str) -> None:
    before = worker.metric("stageline_records_total", topic=ENGAGEMENT.name)
    publisher = Producer(
        {"bootstrap.servers": os.environ["BOOTSTRAP_SERVERS"], "compression.type": compression}
    )
    for number in range(50):
        publisher.produce(ENGAGEMENT.name, good(number))
    assert publisher.flush(60) == 0
    wait_until(lambda: worker.metric("stageline_records_total", topic=ENGAGEMENT.name) == before + 50)


def test_a_header_name_that_is_no_text_stops_nobody(worker: Command) -> None:
    before = worker.metric("stageline_records_total", topic=ENGAGEMENT.name)
    asyncio.run(publish_broken_header(b"canary-poison"))
    wait_until(lambda: worker.metric("stageline_records_total", topic=ENGAGEMENT.name) == before + 1)
    assert [(one.value, one.headers) for one in letters() if AS_SHOWN in dict(one.headers)] == [
        (b"canary-poison", ((AS_SHOWN, b"canary-header"),))
    ]


async def publish_broken_header(value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=os.environ["BOOTSTRAP_SERVERS"])
    await producer.start()
    batch = producer.create_batch()
    batch.append(key=None, value=value, timestamp=None, headers=[("name", b"canary-header")])
    batch._builder = BreaksNames(batch._builder)
    await (await producer.send_batch(batch, ENGAGEMENT.name, partition=0))
    await producer.stop()


async def take_over(transactional_id: str) -> None:
    """Start a producer with this id, as another owner would: it fences the one before."""
    other = make_producer(os.environ["BOOTSTRAP_SERVERS"], transactional_id)
    await other.start()
    await other.stop()


def test_only_this_machine_can_reach_the_pages(worker: Command) -> None:
    listening = [
        one.laddr.ip
        for one in psutil.Process(worker.process.pid).net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_the_projector_is_ready_once_its_view_is_shown_and_says_when_redis_is_away(
    servers: None, home: Path, valkey: LocalServer
) -> None:
    del servers
    with running(home, "projector") as projector:
        wait_until(projector.ready)
        assert projector.metric("stageline_projector_lag_offsets") >= 0
        assert projector.get("/healthz") == (200, '{"status": "ok"}')
        assert projector.get("/")[0] == 404
        valkey.kill()
        wait_until(lambda: "Redis or Kafka is away" in projector.get("/readyz")[1])
        assert projector.metric("stageline_projector_waits_total") >= 1
        valkey.start()
        wait_until(projector.ready)
        assert projector.metric("stageline_projector_refills_total") >= 1
        assert projector.process.poll() is None
    assert canaries_in(projector.log.read_text()) == []


def test_no_canary_is_in_a_log_a_metric_or_a_page(worker: Command) -> None:
    told = [worker.log.read_text(), *(worker.get(path)[1] for path in ("/metrics", "/healthz", "/readyz"))]
    assert all(told)
    assert [canaries_in(text) for text in told] == [[], [], [], []]
    assert all(line.startswith("time=") for line in told[0].splitlines())


@pytest.mark.parametrize("name", ["worker", "projector"])
def test_a_taken_port_is_refused_with_a_remedy(servers: None, home: Path, worker: Command, name: str) -> None:
    del servers
    done = subprocess.run(
        [STAGELINE, name, "--health-port", str(worker.port)],
        env=os.environ | {"STAGELINE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, "Choose another with --health-port" in done.stderr) == (1, True)
