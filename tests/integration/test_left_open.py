"""Transactions that no coordinator knows of any more: a former owner's, still open where it wrote."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from kafka import KafkaAdminClient
from kafka import TopicPartition as Place

from processors.engine.fencing import transactional_prefix
from processors.engine.place import BEGINNING
from processors.engine.recovery import PROGRESS_KEY, progress_row
from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET
from tests.builders.brokers import with_properties
from tests.builders.doctor import wait_until
from tests.builders.kafka import make_producer, read_topic
from tests.chaos.counting import CountingSubject
from tests.chaos.crash import Fleet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chaos.crash import Events

# The broker does not ask the coordinator whether a partition is in a transaction, as none did before 3.6.
CREDULOUS = {"transaction.partition.verification.enable": "false"}
NAME = "counting"


@pytest.fixture(scope="module")
def credulous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = kafka_server(tmp_path_factory.mktemp("credulous"), QUIET)
    with with_properties(CREDULOUS):
        server.start()
    try:
        yield server.address
    finally:
        server.stop()


def test_what_no_coordinator_knows_of_ends_when_the_partition_is_opened_and_is_never_seen(
    credulous: str, tmp_path: Path
) -> None:
    subject = CountingSubject(credulous, NAME)
    events = subject.events(2_000, seed=1)
    _run(credulous, subject, tmp_path, events[:1_000])
    told = next(iter(read_topic(credulous, f"{NAME}-out")))
    changelog, out = TopicPartition(f"{NAME}-changelog", 0), TopicPartition(f"{NAME}-out", told.partition)
    asyncio.run(
        _leave_open(
            credulous,
            {changelog: (PROGRESS_KEY, progress_row(BEGINNING, 0)), out: (told.key, told.value or b"")},
        )
    )
    assert _open_at(credulous, changelog)
    assert _open_at(credulous, out)
    _run(credulous, subject, tmp_path, events[1_000:])
    assert not _open_at(credulous, changelog)
    assert not _open_at(credulous, out)
    assert subject.judge(events)[1:] == (0, 0, 0)


def test_what_lacks_the_marker_of_a_commit_is_committed_when_the_partition_is_opened(
    credulous: str, tmp_path: Path
) -> None:
    subject = CountingSubject(credulous, "lacking")
    events = subject.events(200, seed=2)
    _run(credulous, subject, tmp_path, events[:100])
    out = TopicPartition("lacking-out", 0)
    asyncio.run(_leave_open(credulous, {out: (b"contact", b"decided")}, name="lacking", committed=True))
    assert _open_at(credulous, out, name="lacking")
    _run(credulous, subject, tmp_path, events[100:])
    assert not _open_at(credulous, out, name="lacking")
    assert [row.value for row in read_topic(credulous, "lacking-out")].count(b"decided") == 1


def _run(bootstrap: str, subject: CountingSubject, logs: Path, events: Events) -> None:
    """Send events and let a worker count them."""
    producer = make_producer(bootstrap)
    for key, value in events:
        producer.produce(subject.source, value, key)
    producer.flush()
    fleet = Fleet(subject, logs, workers=1)
    try:
        fleet.wait(subject.finished)
    finally:
        fleet.stop()


async def _leave_open(
    bootstrap: str,
    records: dict[TopicPartition, tuple[bytes, bytes]],
    *,
    name: str = NAME,
    committed: bool = False,
) -> None:
    """Write as the owner of partition 0 does, but without a word to the coordinator; then be gone.

    `committed`: the last transaction that the coordinator knows of.
    """
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=_id(name))
    await producer.start()
    if committed:
        async with producer.transaction():
            await producer.send_and_wait(f"{name}-changelog", b"", b"other", partition=1)
    await producer.begin_transaction()
    for target, (key, value) in records.items():
        producer._txn_manager.txn_partitions.add(target)  # as if it had told the coordinator
        await producer.send_and_wait(target.topic, value, key, partition=target.partition)
    await producer.stop()


def _open_at(bootstrap: str, place: TopicPartition, name: str = NAME) -> bool:
    """Tell whether a transaction is open in a partition that no coordinator has in hand."""
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        # A commit is told before its markers are written: until then it has the partitions in hand.
        wait_until(lambda: not admin.describe_transactions([_id(name)])[_id(name)].topic_partitions)
        ((_, found),) = admin.describe_producers([Place(*place)]).items()
    return any(one.current_transaction_start_offset >= 0 for one in found.active_producers)


def _id(name: str) -> str:
    return f"{transactional_prefix(name, f'{name}-in')}0"
