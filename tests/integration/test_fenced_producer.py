"""A producer that another has fenced, on a real broker: it says so, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from processors.engine.fencing import Ownership
from processors.engine.transaction import make_producer
from tests.builders.kafka import create_topics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Work = Callable[[Ownership, list[TopicPartition]], Awaitable[object]]


async def fence(ownership: Ownership, places: list[TopicPartition]) -> None:
    await ownership.fence(places)


async def commit(ownership: Ownership, places: list[TopicPartition]) -> None:
    await ownership.commit({place: [(b"k", b"v", [])] for place in places}, {places[0]: (1, "")})


async def fence_anew(ownership: Ownership, places: list[TopicPartition]) -> None:
    """Use a producer that has ended, which aiokafka takes for our mistake."""
    with pytest.raises(ProducerFenced):
        await ownership.fence(places)
    await asyncio.wait([ownership.producer._sender.sender_task])
    await ownership.fence(places)


@pytest.mark.parametrize("work", [fence, commit, fence_anew])
def test_a_fenced_producer_says_so_and_leaves_no_task_connection_or_complaint(
    work: Work, bootstrap_servers: str, unique: Callable[[str], str]
) -> None:
    topic, group = unique("out"), unique("group")
    create_topics(bootstrap_servers, 3, {topic: {}})
    places = [TopicPartition(topic, number) for number in range(3)]
    complaints: list[dict[str, Any]] = []

    async def run() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, said: complaints.append(said))
        ownership = Ownership(bootstrap_servers, group, group)
        await ownership.start()
        if work is commit:
            await ownership.fence(places)
        other = make_producer(bootstrap_servers, group)
        await other.start()
        await other.stop()
        with pytest.raises(ProducerFenced):
            await work(ownership, places)
        await ownership.stop()
        open_ones: int = sum(one.connected() for one in ownership.producer.client._conns.values())
        return open_ones + len(asyncio.all_tasks()) - 1

    assert asyncio.run(run()) == 0
    gc.collect()
    assert complaints == []
