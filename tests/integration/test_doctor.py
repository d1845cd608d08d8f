"""The doctor on real servers: each thing it looks for is broken for real, found, and mended by its remedy."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ConfigResource,
    OffsetSpec,
    ResourcePattern,
    ResourceType,
)
from kafka.structs import OffsetAndMetadata

from processors.cli.doctor.brokers import check_clock
from processors.cli.doctor.groups import GROUPS
from processors.cli.main import main
from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET
from processors.topic_admin import administering, create_missing, ensure_topics
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS, ENGAGEMENT, MQL_HANDOFF, STAGE_CHANGED
from tests.builders.brokers import with_properties
from tests.builders.doctor import examine, leave_marks, wait_until, working

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processors.cli.doctor.finding import Finding


BAD = {
    "transaction.max.timeout.ms": "5000",
    "group.min.session.timeout.ms": "10000",
    "offsets.retention.minutes": "60",
}
GUARDED = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
    "super.users": "User:nobody",
}


@contextmanager
def topic_setting(bootstrap: str, topic: str, name: str, value: str) -> Iterator[None]:
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:

        def told() -> str:
            found = admin.describe_configs([ConfigResource("TOPIC", topic)], config_filter="all")
            return str(found["topic"][topic][name]["value"])

        def set_to(wanted: str) -> None:
            admin.alter_configs([ConfigResource("TOPIC", topic, {name: wanted})])
            wait_until(lambda: told() == wanted)  # the broker hears of it a moment later

        before = told()
        set_to(value)
        try:
            yield
        finally:
            set_to(before)


@pytest.mark.usefixtures("workers")
def test_of_a_healthy_system_nothing_is_wrong(healthy: str) -> None:
    del healthy
    report = examine()
    assert (report.exit_code, report.wrong) == (0, {})
    assert set(report.states) == {
        "packages", "schemas", "lifecycle", "broker 1", "clock", "topics", "group stageline-intake",
        "group stageline-lifecycle", "group stageline-company", "partitioner", "redis", "view",
    }  # fmt: skip
    assert set(report.states.values()) == {"ok"}


@pytest.mark.usefixtures("workers")
def test_people_get_the_findings_with_their_remedies(healthy: str) -> None:
    with topic_setting(healthy, STAGE_CHANGED.name, "retention.ms", "1000"):
        result = CliRunner().invoke(main, ["doctor"])
    assert "wrong   topics: Topic stage-changed: expected retention.ms=-1, found 1000." in result.stdout
    assert "→ Run `stageline topics repair`" in result.stdout
    assert result.stderr == "Error: 1 of these must be mended.\n"


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize(
    ("topic", "name", "value", "found"),
    [
        (CONTACT_EVENTS.name, "cleanup.policy", "compact", "expected cleanup.policy=delete, found compact"),
        (CONTACT_EVENTS.name, "retention.ms", "1000", "expected retention.ms=-1, found 1000"),
        (ENGAGEMENT.name, "retention.ms", "-1", "who was erased can be read after 30 days"),
        (CONTACT_KEYS.name, "max.compaction.lag.ms", "86400001", "expected max.compaction.lag.ms=86400000"),
        (ENGAGEMENT.name, "message.timestamp.type", "CreateTime", "message.timestamp.type=LogAppendTime"),
        (STAGE_CHANGED.name, "compression.type", "zstd", "expected compression.type=producer, found zstd"),
        (STAGE_CHANGED.name, "min.insync.replicas", "2", "a partition has 1 in sync: writes are refused"),
        (STAGE_CHANGED.name, "unclean.leader.election.enable", "true", "may become leader and drop events"),
    ],
)
def test_a_wrong_topic_setting_is_found(healthy: str, topic: str, name: str, value: str, found: str) -> None:
    with topic_setting(healthy, topic, name, value):
        report = examine()
    assert report.exit_code == 1
    ((about, text),) = report.wrong.items()
    assert found in text
    assert topic in about + text


def test_a_missing_topic_is_found(healthy: str) -> None:
    with KafkaAdminClient(bootstrap_servers=healthy) as admin:
        admin.delete_topics([MQL_HANDOFF.name])
        wait_until(lambda: MQL_HANDOFF.name not in admin.list_topics())
        report = examine()
        wait_until(lambda: create_missing(admin, 8) == [MQL_HANDOFF.name])
    assert "Topic mql-handoff does not exist. Run `stageline topics create`." in report.wrong["topics"]


def test_records_on_the_wrong_partition_are_found(healthy: str) -> None:
    with KafkaProducer(bootstrap_servers=healthy) as producer:
        right = producer.send(CONTACT_EVENTS.name, b"an event", key=b"c1").get(60).partition
        astray = producer.send(CONTACT_EVENTS.name, b"v", key=b"c1", partition=(right + 1) % 8).get(60)
    report = examine()
    with administering(healthy) as admin:
        place = TopicPartition(astray.topic, astray.partition)
        admin.delete_records({place: astray.offset + 1})
    assert f"such as partition {astray.partition}, offset {astray.offset}" in report.wrong["partitioner"]


def test_a_group_without_workers_is_found(healthy: str) -> None:
    with working(healthy, "stageline-lifecycle"):
        report = examine()
    assert report.states["group stageline-lifecycle"] == "ok"
    assert "No worker runs" in report.wrong["group stageline-intake"]
    assert "Start one: `stageline worker`." in report.wrong["group stageline-intake"]


def test_a_group_far_behind_is_found(healthy: str) -> None:
    topic = GROUPS["stageline-intake"][0]
    with KafkaProducer(bootstrap_servers=healthy) as producer:
        for number in range(10_001):
            producer.send(topic, b"%d" % number)
    with working(healthy, "stageline-intake"):
        report = examine()
    with administering(healthy) as admin:
        admin.delete_records({TopicPartition(topic, number): -1 for number in range(8)})
    assert "1 workers are 10,001 offsets behind" in report.wrong["group stageline-intake"]


def test_marks_that_transactions_left_are_no_offsets_to_wait_for(healthy: str) -> None:
    """As a worker leaves them in every partition when it starts; a record behind them is one."""
    topic, group = CONTACT_EVENTS.name, "stageline-lifecycle"
    places = [TopicPartition(topic, number) for number in range(8)]
    leave_marks(healthy, topic)
    with working(healthy, group):
        pass  # the broker keeps groups from here on
    with administering(healthy) as admin:
        ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        committed = {place: OffsetAndMetadata(ends[place].offset - 6, "", -1) for place in places}
        admin.alter_group_offsets(group, committed)
    marks = about(group)
    with KafkaProducer(bootstrap_servers=healthy) as producer:
        astray = producer.send(topic, b"v", key=b"c1").get(60)
    record = about(group)
    assert (marks, record) == ("No worker runs; 0 offsets wait.", "No worker runs; 1 offsets wait.")
    with administering(healthy) as admin:
        admin.delete_records({TopicPartition(astray.topic, astray.partition): astray.offset + 1})
        admin.delete_groups([group])


def about(group: str) -> str:
    """What the doctor says of a group."""
    lines = CliRunner().invoke(main, ["doctor", "--json"]).stdout.splitlines()
    (said,) = (one["what"] for one in map(json.loads, lines) if one["about"] == f"group {group}")
    return str(said)


@pytest.mark.parametrize(
    ("committed", "found"),
    [(10**6, "was consumed up to 1000000, but ends at"), (0, "were deleted before they were consumed")],
)
def test_offsets_that_the_log_does_not_have_are_found(healthy: str, committed: int, found: str) -> None:
    place = TopicPartition(ENGAGEMENT.name, 0)
    with KafkaProducer(bootstrap_servers=healthy) as producer:
        end = producer.send(place.topic, b"v", partition=0).get(60).offset + 1
    with administering(healthy) as admin:
        admin.delete_records({place: end})
        admin.alter_group_offsets("stageline-intake", {place: OffsetAndMetadata(committed, "", -1)})
        report = examine()
        admin.delete_groups(["stageline-intake"])
    assert found in report.wrong["group stageline-intake"]


def test_a_clock_that_is_off_is_found(healthy: str) -> None:
    with administering(healthy) as admin:
        (fine,) = check_clock(admin)
        (ahead,) = check_clock(admin, lambda: time.time() + 3_600)
        (behind,) = check_clock(admin, lambda: time.time() - 90)
    assert (fine.state, ahead.state, behind.state) == ("ok", "wrong", "wrong")
    # Less by what the broker took to answer: nobody knows when in that time it looked.
    assert 3_580 < seconds_in(ahead, "ahead of") <= 3_600
    assert 70 < seconds_in(behind, "behind") <= 90


def seconds_in(finding: Finding, how: str) -> float:
    """What a finding about the clock says, such as `3,600.0 s ahead of`."""
    return float(finding.what.partition(f" s {how}")[0].split()[-1].replace(",", ""))


def test_without_a_broker_the_rest_is_still_looked_at(healthy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    del healthy
    monkeypatch.setenv("BOOTSTRAP_SERVERS", "127.0.0.1:1")
    report = examine()
    assert report.exit_code == 1
    assert "No Kafka broker answers at 127.0.0.1:1" in report.wrong["kafka"]
    assert report.states["redis"] == "ok"


@pytest.fixture
def guarded_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A broker with bad settings that also checks rights."""
    server = kafka_server(tmp_path, QUIET)
    with with_properties(BAD | GUARDED):
        server.start()
    try:
        monkeypatch.setenv("BOOTSTRAP_SERVERS", server.address)
        yield server.address
    finally:
        server.kill()  # without rights it would try for half a minute to leave its cluster in order


def test_broker_settings_that_break_the_guarantee_are_found_and_hidden_ones_are_not_judged(
    guarded_broker: str,
) -> None:
    text = examine().wrong["broker 1"]
    assert "transaction.max.timeout.ms is 5000. Set it to 8000 or more." in text
    assert "group.min.session.timeout.ms is 10000: no worker can join. Set it to 6000 or less." in text
    assert "offsets.retention.minutes is 60. Set it to 10080 or more." in text
    ensure_topics(guarded_broker)
    forbid_looking(guarded_broker, ResourcePattern(ResourceType.TOPIC, CONTACT_EVENTS.name))
    wait_until(lambda: examine().states["topics"] == "unknown")
    forbid_looking(guarded_broker, ResourcePattern(ResourceType.CLUSTER, "kafka-cluster"))
    wait_until(lambda: examine().states["broker 1"] == "unknown")


def forbid_looking(bootstrap: str, resource: ResourcePattern) -> None:
    """Take the right to see settings away from everyone; the broker hears of it in a moment."""
    deny = ACL("User:ANONYMOUS", "*", ACLOperation.DESCRIBE_CONFIGS, ACLPermissionType.DENY, resource)
    with KafkaAdminClient(bootstrap_servers=bootstrap) as admin:
        assert admin.create_acls([deny])["failed"] == []


def test_a_lifecycle_that_cannot_be_loaded_is_found(
    healthy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del healthy
    broken = tmp_path / "acme.yaml"
    broken.write_text("lifecycle: [", encoding="utf-8")
    monkeypatch.setenv("STAGELINE_LIFECYCLE", str(broken))
    assert "acme.yaml:1" in examine().wrong["lifecycle"]


def test_a_package_of_the_wrong_version_is_found(
    healthy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del healthy
    metadata = tmp_path / "aiokafka-0.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: aiokafka\nVersion: 0.1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert "aiokafka is 0.1, not <0.15,>=0.14" in examine().wrong["packages"]
