"""The doctor on three brokers: copies that are missing, and brokers that are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource

from processors.topic_admin import ensure_topics
from schemas.topics import ENGAGEMENT, HANDOFF_RESPONSE, STAGE_CHANGED
from tests.builders.brokers import joined
from tests.builders.doctor import examine, wait_until

if TYPE_CHECKING:
    import pytest

    from processors.stack.server import LocalServer


def test_lost_brokers_and_topics_with_too_few_copies_are_found(
    broker: LocalServer, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTSTRAP_SERVERS", broker.address)
    with (
        joined(broker, tmp_path_factory.mktemp("second"), 2) as second,
        joined(broker, tmp_path_factory.mktemp("third"), 3) as third,
    ):
        with KafkaAdminClient(bootstrap_servers=broker.address) as admin:
            wait_until(lambda: len(admin.describe_cluster()["brokers"]) == 3)
            one_copy = {"num_partitions": 3, "replication_factor": 1, "configs": ENGAGEMENT.config()}
            admin.create_topics({ENGAGEMENT.name: one_copy}, wait_for_metadata=True)
            ensure_topics(broker.address)
            admin.alter_configs(
                [ConfigResource("TOPIC", HANDOFF_RESPONSE.name, {"min.insync.replicas": "1"})],
                raise_on_unknown=False,  # the broker asked may not know yet of a topic just made
            )
        # Each broker hears of topics and settings by itself, a moment later.
        lowered = about(HANDOFF_RESPONSE.name)
        wait_until(lambda: "min.insync.replicas is 1" in examine().wrong.get(lowered, ""))
        wait_until(lambda: about(STAGE_CHANGED.name) not in examine().wrong)
        all_there = examine().wrong
        third.kill()
        wait_until(lambda: "2 of 3 copies in sync" in examine().wrong.get(about(STAGE_CHANGED.name), ""), 120)
        second.kill()
        wait_until(lambda: "writes are refused" in examine().wrong.get(about(STAGE_CHANGED.name), ""), 120)
        one_left = examine().wrong
    assert "A partition has 1 copies on 3 brokers" in all_there[about(ENGAGEMENT.name)]
    assert "min.insync.replicas is 1: one lost disk" in all_there[about(HANDOFF_RESPONSE.name)]
    assert about(STAGE_CHANGED.name) not in all_there
    assert "transaction.state.log.replication.factor is 1. Set it to 3" in all_there["broker 2"]
    assert "A partition has no leader" in one_left[about(ENGAGEMENT.name)]


def about(topic: str) -> str:
    return f"topic {topic}"
