"""What is built beside the live system, on a real broker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kafka import KafkaProducer

from processors.engine import building
from processors.lifecycle_files import load_lifecycle
from processors.topic_admin import create_like_contact_events, ensure_topics
from schemas.topics import CONTACT_EVENTS, generation_changelog
from tests.builders.doctor import wait_until
from tests.builders.kafka import end_offsets

if TYPE_CHECKING:
    import pytest

    from processors.stack.server import LocalServer

GENERATION = 2


def test_marks_that_workers_left_in_a_quiet_log_do_not_keep_it_from_ending(
    broker: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that start again and again leave more of them than may be left to be applied."""
    monkeypatch.setattr(building, "LEFT", 0)
    ensure_topics(broker.address, 2)
    create_like_contact_events(broker.address, generation_changelog(GENERATION))
    with KafkaProducer(bootstrap_servers=broker.address, transactional_id="marks") as producer:
        producer.init_transactions()
        for _ in range(5):
            producer.begin_transaction()
            for number in range(2):
                producer.send(CONTACT_EVENTS.name, b"never to be seen", key=b"k", partition=number)
            producer.flush()
            producer.abort_transaction()
    # The last ones, too: an abort is told before they are written.
    wait_until(lambda: sum(end_offsets(broker.address, CONTACT_EVENTS.name).values()) == 20)
    seen: list[tuple[int, int]] = []

    async def look(done: int, total: int) -> None:
        seen.append((done, total))

    async def build() -> None:
        plan = load_lifecycle("clarity")
        await asyncio.wait_for(building.build(broker.address, plan, GENERATION, look), 60)

    asyncio.run(build())
    done, total = seen[-1]
    assert done == total >= 20
