"""A contact's state or an output that a topic does not take: the worker says which and what to raise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from processors.engine.fencing import only_writer
from processors.engine.transaction import RecordTooLargeError, Rows
from tests.builders.doctor import wait_until
from tests.builders.kafka import create_topics, read_topic

if TYPE_CHECKING:
    from processors.stack.server import LocalServer

LIMIT = 100_000


def test_a_record_that_a_topic_does_not_take_is_named_and_taken_once_the_limit_is_raised(
    broker: LocalServer,
) -> None:
    topic = f"small-{uuid4().hex[:8]}"
    create_topics(broker.address, 1, {topic: {"max.message.bytes": str(LIMIT)}})
    expected = rf"Topic {topic}, partition 0 takes no record of 100,007 bytes.*raise its max.message.bytes"
    with pytest.raises(RecordTooLargeError, match=expected):
        asyncio.run(_write(broker.address, topic))
    assert not list(read_topic(broker.address, topic))
    _raise_limit(broker.address, topic)
    wait_until(lambda: _is_taken(broker.address, topic))  # the broker hears of it a moment later
    assert [row.key for row in read_topic(broker.address, topic)] == [b"neighbr", b"contact"]


async def _write(bootstrap: str, topic: str) -> None:
    """Commit, and return when that is seen: a coordinator says so before it has told the partitions."""
    rows: Rows = {TopicPartition(topic, 0): [(b"neighbr", b"s", []), (b"contact", b"s" * LIMIT, [])]}
    async with only_writer(bootstrap, f"{topic}-writer", [topic], "fenced") as ownership:
        await ownership.commit(rows, {})


def _is_taken(bootstrap: str, topic: str) -> bool:
    try:
        asyncio.run(_write(bootstrap, topic))
    except RecordTooLargeError:
        return False
    return True


def _raise_limit(bootstrap: str, topic: str) -> None:
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        limit = {"max.message.bytes": str(2 * LIMIT)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, limit)])
