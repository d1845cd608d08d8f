"""Clients that have to say who they are, on a broker that asks."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from aiokafka.errors import KafkaConnectionError

from processors.engine.transaction import make_producer
from processors.publish import Publisher
from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET
from processors.stack.ports import HOST
from processors.topic_admin import ensure_topics
from projections.log import open_log
from schemas.errors import LifecycleError
from tests.builders.brokers import with_properties
from tests.builders.samples import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGIN = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required"
    ' username="broker" password="b" user_broker="b" user_worker="right";'
)


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a broker listens that lets nobody in without user and password."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    listener = f"SASL_PLAINTEXT://{HOST}:{port}"
    changes = {
        "listeners": f"PLAINTEXT://{{host}}:{{broker}},{listener},CONTROLLER://{{host}}:{{controller}}",
        "advertised.listeners": f"PLAINTEXT://{{host}}:{{broker}},{listener}",
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT"
        ),
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": LOGIN,
    }
    server = kafka_server(tmp_path_factory.mktemp("asking"), QUIET)
    with with_properties(changes):
        server.start()
    try:
        yield f"{HOST}:{port}"
    finally:
        server.stop()


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
