"""What a partition's lag is: offsets that hold records, as far as that can be told from outside."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from processors.engine.look import Reading, look_at, reading
from processors.engine.partition import Partition
from processors.engine.shelf import MemoryShelf
from processors.engine.turns import Turns
from tests.builders.records import FetchedRecord
from tests.simulation.reminding import Reminding

SOURCE = TopicPartition("in", 0)
NOWHERE = "127.0.0.1:1"


def opened() -> Partition:
    partition = Partition(SOURCE, Reminding(), None, NOWHERE, Turns(), MemoryShelf())
    partition.ready = True
    partition.accept()
    return partition


def test_offsets_that_hold_only_markers_are_no_lag() -> None:
    async def lags() -> list[int | None]:
        partition = opened()
        return [look_at(partition, read).lag for read in (Reading(0, 7), Reading(7, 7), None)]

    assert asyncio.run(lags()) == [7, 0, None]


def test_what_was_read_and_waits_is_lag() -> None:
    async def lag() -> int | None:
        partition = opened()
        partition.offer([FetchedRecord(value=b"", key=b"k", offset=4)])
        return look_at(partition, Reading(7, 7)).lag

    assert asyncio.run(lag()) == 7


def test_where_a_rebalance_has_put_the_consumer_says_nothing_of_what_is_done() -> None:
    async def lag() -> int | None:
        partition = opened()
        await partition.hold()
        return look_at(partition, Reading(7, 7)).lag

    assert asyncio.run(lag()) == 7


def test_a_consumer_that_has_heard_nothing_yet_knows_no_lag() -> None:
    async def read() -> Reading | None:
        consumer = AIOKafkaConsumer(bootstrap_servers=NOWHERE)
        consumer.assign([SOURCE])
        return reading(consumer, SOURCE)

    assert asyncio.run(read()) is None
