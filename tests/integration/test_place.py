"""How far a group is, on a real broker: the offset and what was told of the record there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.engine.fencing import Ownership
from processors.engine.place import Place
from tests.builders.kafka import create_topics

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_group_says_what_was_told_of_the_record_at_its_offset(
    bootstrap_servers: str, unique: Callable[[str], str]
) -> None:
    topic, group = unique("source"), unique("group")
    create_topics(bootstrap_servers, 3, {topic: {}})
    half, whole, untouched = (TopicPartition(topic, number) for number in range(3))

    async def run() -> list[Place | None]:
        ownership = Ownership(bootstrap_servers, group, group)
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, group_id=group)
        await ownership.start()
        await ownership.fence([])
        await consumer.start()
        await ownership.commit({}, {half: Place(7, told=2_000).to_commit(), whole: Place(9).to_commit()})
        answers = [await ownership.committed_offset(consumer, one) for one in (half, whole, untouched)]
        await consumer.stop()
        await ownership.stop()
        return answers

    assert asyncio.run(run()) == [Place(7, told=2_000), Place(9), None]
