"""Clients that have to say who they are, on a broker that asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiokafka.errors import KafkaConnectionError

from processors.engine.transaction import make_producer
from processors.publish import Publisher
from processors.topic_admin import ensure_topics
from projections.log import open_log
from schemas.errors import LifecycleError
from tests.builders.brokers import asking_broker
from tests.builders.samples import sample

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a broker listens that lets nobody in without user and password."""
    with asking_broker(tmp_path_factory.mktemp("asking"), {"worker": "right"}) as (_open, asking):
        yield asking


def log_in(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "worker")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", password)


async def started(bootstrap: str) -> None:
    producer = make_producer(bootstrap, "test-access")
    try:
        await producer.start()
    finally:
        await producer.stop()


def test_every_client_logs_in_with_the_user_of_the_environment(
    asking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch, "right")
    assert ensure_topics(asking, partitions=1)
    with Publisher(asking) as publisher:
        publisher.send(1, sample("page_view"))
        publisher.flush()
        assert publisher.acknowledged == 1
    open_log(asking).close()
    asyncio.run(started(asking))


def test_a_wrong_password_is_refused_and_not_shown(asking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(monkeypatch, "not-for-logs")
    with pytest.raises(LifecycleError, match="No Kafka broker answers at") as refused:
        ensure_topics(asking)
    with pytest.raises(KafkaConnectionError) as failed:
        asyncio.run(started(asking))
    assert "not-for-logs" not in f"{refused.value} {failed.value}"
