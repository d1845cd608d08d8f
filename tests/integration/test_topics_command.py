"""`stageline topics` on an empty broker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from processors.cli.main import main
from processors.topic_admin import administering, describe, ensure_topics, topic_id
from schemas.errors import LifecycleError
from schemas.topics import ALL, CONTACT_EVENTS, DEAD_LETTER, LIFECYCLE_CHANGELOG
from tests.builders.doctor import wait_until
from tests.builders.kafka import create_topics, delete_topic

if TYPE_CHECKING:
    from processors.stack.server import LocalServer


def run(broker: LocalServer, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["topics", *arguments], env={"BOOTSTRAP_SERVERS": broker.address})


def empty(broker: LocalServer) -> None:
    """Delete the topics that there are."""
    with administering(broker.address) as admin:
        there = describe(admin, [topic.name for topic in ALL])
    for one in there:
        delete_topic(broker.address, one["name"])


def test_every_topic_is_made_once_with_the_partitions_asked_for(broker: LocalServer) -> None:
    empty(broker)
    created = run(broker, "create", "--partitions", "3")
    assert created.stdout.split() == [topic.name for topic in ALL]
    assert run(broker, "create").stdout == ""
    assert run(broker, "check").exit_code == 0
    with administering(broker.address) as admin:
        described = admin.describe_topics([topic.name for topic in ALL])
    counts = {one["name"]: len(one["partitions"]) for one in described}
    assert counts == {topic.name: topic.partitions or 3 for topic in ALL}


def test_processes_that_start_at_once_do_not_mind_who_makes_the_topics(broker: LocalServer) -> None:
    empty(broker)
    with ThreadPoolExecutor() as together:
        made = list(together.map(ensure_topics, [broker.address] * 6, [3] * 6))
    assert {name for one in made for name in one} == {topic.name for topic in ALL}
    assert run(broker, "check").exit_code == 0


def test_as_many_questions_at_once_as_a_worker_has_partitions_are_all_answered(broker: LocalServer) -> None:
    ensure_topics(broker.address, partitions=3)
    with administering(broker.address) as admin, ThreadPoolExecutor(30) as together:
        answers = list(together.map(topic_id, [admin] * 300, [CONTACT_EVENTS.name] * 300))
    assert len(set(answers)) == 1


def test_a_changelog_with_another_number_of_partitions_is_refused_and_the_remedy_works(
    broker: LocalServer,
) -> None:
    ensure_topics(broker.address, partitions=3)
    events = run(broker, "check")
    assert events.exit_code == 0
    delete_topic(broker.address, LIFECYCLE_CHANGELOG.name)
    create_topics(broker.address, 5, {LIFECYCLE_CHANGELOG.name: LIFECYCLE_CHANGELOG.config()})
    with pytest.raises(LifecycleError, match="expected 3 partitions like contact-events, found 5") as refusal:
        ensure_topics(broker.address)
    assert "Delete it while no worker runs" in str(refusal.value)
    delete_topic(broker.address, LIFECYCLE_CHANGELOG.name)
    assert run(broker, "create").stdout.split() == [LIFECYCLE_CHANGELOG.name]
    assert run(broker, "check").exit_code == 0


def test_settings_that_would_lose_or_refuse_records_are_refused_until_repaired(broker: LocalServer) -> None:
    ensure_topics(broker.address, partitions=3)
    for name in (CONTACT_EVENTS.name, DEAD_LETTER.name):
        delete_topic(broker.address, name)
    create_topics(broker.address, 3, {CONTACT_EVENTS.name: {"retention.ms": "1000"}, DEAD_LETTER.name: {}})
    refused = run(broker, "check")
    assert refused.exit_code == 1
    assert "contact-events: expected retention.ms=-1, found 1000" in refused.stderr
    assert "dead-letter: expected max.message.bytes=4194304, found " in refused.stderr
    assert "stageline topics repair" in refused.stderr
    assert run(broker, "repair").stdout.split() == [CONTACT_EVENTS.name, DEAD_LETTER.name]
    wait_until(lambda: run(broker, "check").exit_code == 0)  # the broker hears of it a moment later


def test_a_wrong_address_is_told_in_seconds_with_what_to_do() -> None:
    told = CliRunner().invoke(main, ["worker"], env={"BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert told.exit_code == 1
    assert "No Kafka broker answers at 127.0.0.1:1" in told.stderr
    assert "stageline up" in told.stderr
