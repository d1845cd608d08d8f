"""What a partition reads beside its transactions: it holds nobody up, and what is gone is not waited for."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from processors.engine import crossing, partition
from processors.engine.turns import AT_ONCE
from processors.engine.waiting import PAUSE_BYTES
from schemas.errors import LifecycleError
from tests.simulation.reminding import CHANGELOG, OUT, SOURCE
from tests.simulation.world import Cast, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiokafka import TopicPartition

    from processors.engine.batch import Batch, Clock, History

ASK, PLAIN = b"ask", b"plain"
LOOK_S = 0.05


class Asking:
    """Wants all that there is of a contact at its record `ASK`; passes over all others."""

    def __init__(self) -> None:
        self.name = "asking"
        self.sources: tuple[str, ...] = (SOURCE,)
        self.changelog: str | None = CHANGELOG
        self.outputs: tuple[str, ...] = (OUT,)
        self.clock: Clock | None = None
        self.unlocked = False

    def process(self, batch: Batch) -> None:
        first = batch.records[0]
        if first.value == ASK and batch.history is None:
            batch.next_offset, batch.wanted = first.offset, (first.key or b"",)
            return
        later = [record.offset for record in batch.records[1:] if record.value == ASK]
        batch.next_offset = min([batch.next_offset, *later])


CAST = Cast(source=SOURCE, alike=(CHANGELOG,), others=(OUT,), processor=Asking)


class Library:
    """Where history is read: so many `readers` have come, and get none before it is `open`."""

    def __init__(self, expected: int) -> None:
        self.readers, self._expected = 0, expected
        self.full, self.open = asyncio.Event(), asyncio.Event()

    async def read(self, _bootstrap: str, homes: Mapping[bytes, TopicPartition]) -> History:
        self.readers += 1
        if self.readers == self._expected:
            self.full.set()
        await self.open.wait()
        return dict.fromkeys(homes, ())


def _world(sources: int) -> World:
    worlds = (World(Random(seed), CAST) for seed in range(100))  # noqa: S311 - reproducible
    return next(world for world in worlds if world.sources == sources)


def _publish(world: World, number: int, value: bytes) -> None:
    world.broker.publish(world.place(SOURCE, number), [(b"c1", value)])


async def _until_consumed(world: World, number: int, offset: int) -> None:
    while world.broker.committed.get(world.place(SOURCE, number), 0) < offset:  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(LOOK_S)


def test_a_rebalance_does_not_wait_for_a_partition_that_reads_history() -> None:
    world, library = _world(1), Library(1)

    async def course() -> None:
        await library.full.wait()
        (worker,) = world.workers.values()
        assigned = worker.partitions.keys()
        await asyncio.wait_for(worker.hold(), timeout=1)
        worker.assign(assigned)
        library.open.set()
        await _until_consumed(world, 0, 2)

    with world.running(), patch.object(partition, "read_history", library.read):
        _publish(world, 0, ASK)
        _publish(world, 0, PLAIN)
        world.supervise(1)
        world.loop.run_until_complete(asyncio.wait_for(course(), timeout=60))
    assert library.readers == 1  # what was being read is not read again


def test_partitions_that_read_history_leave_the_transactions_to_the_others() -> None:
    world, library = _world(AT_ONCE + 1), Library(AT_ONCE)

    async def course() -> None:
        await library.full.wait()
        _publish(world, AT_ONCE, PLAIN)
        await asyncio.wait_for(_until_consumed(world, AT_ONCE, 1), timeout=20)
        library.open.set()

    with world.running(), patch.object(partition, "read_history", library.read):
        for number in range(AT_ONCE):
            _publish(world, number, ASK)
        world.supervise(1)
        world.loop.run_until_complete(asyncio.wait_for(course(), timeout=60))


def test_large_records_that_wait_are_bounded_by_their_bytes_and_all_are_processed_in_the_end() -> None:
    world, library = _world(1), Library(1)
    records, size = 60, PAUSE_BYTES // 8
    world.fetch_records = 3

    async def course() -> int:
        await library.full.wait()
        await asyncio.sleep(5)
        (worker,) = world.workers.values()
        (waiting,) = (len(one._waiting) for one in worker.partitions.values())
        library.open.set()
        await asyncio.wait_for(_until_consumed(world, 0, records + 1), timeout=60)
        return waiting

    with world.running(), patch.object(partition, "read_history", library.read):
        _publish(world, 0, ASK)
        large = bytes(size)  # the same for all: it is the engine that must not count on that
        for _ in range(records):
            _publish(world, 0, large)
        world.supervise(1)
        waiting = world.loop.run_until_complete(asyncio.wait_for(course(), timeout=120))
    assert 8 <= waiting <= 8 + world.fetch_records


def test_a_barrier_that_is_gone_with_its_topic_is_refused_and_not_waited_for() -> None:
    world = _world(1)
    with world.running():
        _publish(world, 0, PLAIN)  # all that the topic holds since it was made anew
        reading = asyncio.wait_for(crossing.read_record("simulated", world.place(SOURCE, 0), 7), timeout=60)
        with pytest.raises(LifecycleError, match="held the definition in force, and does not any more"):
            world.loop.run_until_complete(reading)


def test_states_of_a_log_that_is_gone_with_its_topic_are_not_waited_for() -> None:
    """As a promotion that is tried finds them: the changelog is still that of the log before."""
    world = _world(1)
    with world.running():
        _publish(world, 0, PLAIN)
        living = crossing.live_up_to("simulated", world.place(SOURCE, 0), 7, Asking(), dict.fromkeys)
        with pytest.raises(LifecycleError, match="ends at offset 1, but was consumed up to 7"):
            world.loop.run_until_complete(asyncio.wait_for(living, timeout=60))
