"""Each role with exactly the rights that `stageline acl` prints, on a broker that enforces them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import TopicAuthorizationFailedError

from processors.access_list import all_rights
from processors.client import Client
from processors.stack.ports import HOST, free_port
from processors.topic_admin import ensure_topics
from projections.log import open_log
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access
from schemas.topics import CONTACT_EVENTS, ENGAGEMENT
from tests.builders.brokers import asking_broker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.access_list import Right

RIGHTS = all_rights("crm")
ROLES = sorted({right.role for right in RIGHTS})
ENFORCING = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",  # who comes through the open door
}
EVENT = {
    "type": "page_view",
    "event_id": "e1",
    "contact_id": "ada",
    "occurred_at": "2026-03-02T10:00:00Z",
    "url": "https://example.com/pricing",
}
READY_S = 120
STAGELINE = str(Path(sys.executable).with_name("stageline"))


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a broker listens on which each role may do what the list says, and nothing else."""
    passwords = {f"stageline-{role}": "p" for role in ROLES}
    with asking_broker(tmp_path_factory.mktemp("strict"), passwords, ENFORCING) as (everybody, asking):
        admin = KafkaAdminClient(bootstrap_servers=everybody)
        try:
            granted = admin.create_acls([one for right in RIGHTS for one in as_acls(right)])
        finally:
            admin.close()
        assert not granted["failed"]
        yield asking


def as_acls(right: Right) -> Iterator[ACL]:
    """Turn a right into what a broker keeps, by Kafka's names: DescribeConfigs is DESCRIBE_CONFIGS."""
    kind = ResourceType[right.kind.replace("-", "_").upper()]
    pattern = ACLResourcePatternType.PREFIXED if right.prefixed else ACLResourcePatternType.LITERAL
    for operation in right.operations:
        name = operation.replace("Configs", "_Configs").upper()
        yield ACL(
            f"User:stageline-{right.role}",
            "*",
            ACLOperation[name],
            ACLPermissionType.ALLOW,
            ResourcePattern(kind, right.name, pattern),
        )


def become(role: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    patch.setenv("KAFKA_SASL_USERNAME", f"stageline-{role}")
    patch.setenv("KAFKA_SASL_PASSWORD", "p")


def can_read(bootstrap: str, topic: str, seconds: float = 3) -> bool:
    """Tell whether a record of the topic can be read in that time as whoever we are."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", **kafka_access())
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return bool(consumer.poll(timeout_ms=int(seconds * 1_000)))
    except TopicAuthorizationFailedError:
        return False
    finally:
        consumer.close()


def run(*words: str) -> str:
    """Run a command as whoever we are; return what it printed."""
    done = subprocess.run([STAGELINE, *words], capture_output=True, text=True, check=False, timeout=READY_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def working(log: Path) -> Iterator[None]:
    """Run a worker as whoever we are; it is ready in this block."""
    port = free_port()
    with log.open("wb") as file:
        process = subprocess.Popen([STAGELINE, "worker", "--health-port", str(port)], stderr=file)
        try:
            deadline = time.monotonic() + READY_S
            while not is_ready(port):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < deadline, log.read_text("utf-8")
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(60)


def is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://{HOST}:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:  # not listening yet, or 503
        return False


def test_every_role_does_its_work_with_its_rights(
    strict: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BOOTSTRAP_SERVERS", strict)
    monkeypatch.setenv("STAGELINE_LIFECYCLE", "clarity")
    become("worker", monkeypatch)
    with pytest.raises(LifecycleError, match="may not create topics: let an operator run"):
        ensure_topics(strict)
    become("operator", monkeypatch)
    run("topics", "create", "--partitions", "1")
    become("publisher", monkeypatch)
    publish_and_read_nothing(strict)
    become("worker", monkeypatch)
    with working(tmp_path / "worker.log"):
        become("operator", monkeypatch)
        operate()
        assert can_read(strict, CONTACT_EVENTS.name, READY_S)  # so that it can be seen when others cannot
    become("projector", monkeypatch)
    open_log(strict).close()
    assert not can_read(strict, CONTACT_EVENTS.name)
    become("sales", monkeypatch)
    with Client(strict) as client:
        assert list(client.subscribe_handoffs("crm", idle=1)) == []
    assert not can_read(strict, CONTACT_EVENTS.name)


def publish_and_read_nothing(bootstrap: str) -> None:
    with Client(bootstrap) as client:
        assert client.publish(EVENT) == 1
    with KafkaProducer(bootstrap_servers=bootstrap, **kafka_access()) as producer:
        producer.send(ENGAGEMENT.name, b"poison").get(60)
    assert not can_read(bootstrap, ENGAGEMENT.name)
    assert not can_read(bootstrap, CONTACT_EVENTS.name)


def operate() -> None:
    """Do what only the operator does, on a system at work."""
    deadline = time.monotonic() + READY_S
    while not (letters := run("dlt", "list", "--json").splitlines()):
        assert time.monotonic() < deadline, "no dead letter"
    letter = json.loads(letters[0])["id"]
    assert run("dlt", "replay", letter, "--yes").split() == [letter]
    run("dlt", "purge", letter, "--yes")
    run("topics", "check")
    run("promote", "engaged")
    assert "live" in run("generations")
