"""A processor without state is told by its group where to read on: an old answer must not be believed."""

from __future__ import annotations

import asyncio
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from processors.engine.batch import Output
from processors.engine.fencing import Ownership
from processors.engine.place import Place
from tests.simulation.reminding import OUT, SOURCE
from tests.simulation.world import Cast, World

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from processors.engine.batch import Batch, Clock

EVENTS = 20
GROUP = "passing"
LOOK_S = 0.05


class Passing:
    """Passes every record on, as intake does."""

    def __init__(self) -> None:
        self.name = GROUP
        self.sources: tuple[str, ...] = (SOURCE,)
        self.changelog: str | None = None
        self.outputs: tuple[str, ...] = (OUT,)
        self.clock: Clock | None = None
        self.unlocked = False

    def process(self, batch: Batch) -> None:
        batch.outputs += (Output(OUT, record.key, record.value) for record in batch.records)


CAST = Cast(source=SOURCE, alike=(), others=(OUT,), processor=Passing)


def test_what_was_consumed_is_not_consumed_again_when_the_coordinator_answers_with_an_old_offset() -> None:
    world = World(Random(0), CAST)  # noqa: S311 - reproducible
    source = world.place(SOURCE, 0)

    async def course() -> None:
        await _until_consumed(world, EVENTS // 2)
        old = dict(world.broker.committed)
        _publish(world, range(EVENTS // 2, EVENTS))
        await _until_consumed(world, EVENTS)
        for name in list(world.workers):
            world.kill(name)
        world.broker.behind = old
        world.supervise(1)
        _publish(world, [EVENTS])
        await _until_consumed(world, EVENTS + 1)

    with world.running():
        _publish(world, range(EVENTS // 2))
        world.supervise(1)
        world.loop.run_until_complete(asyncio.wait_for(course(), timeout=120))
    logs = [world.broker.logs[world.place(OUT, number)] for number in world.broker.partitions(OUT)]
    told = [row.value for log in logs for row in log.committed()]
    assert sorted(int(value or b"") for value in told) == list(range(EVENTS + 1))
    assert len(list(world.broker.logs[source].committed())) == EVENTS + 1


@pytest.mark.parametrize("first", [None, 7])
def test_an_answer_counts_when_the_next_one_after_another_write_is_the_same(first: int | None) -> None:
    world = World(Random(0), CAST)  # noqa: S311 - reproducible
    source = world.place(SOURCE, 0)
    world.broker.committed[source] = EVENTS
    answers = iter([first])  # then the coordinator goes down, and is itself again

    class Coordinator:
        async def fetch_committed_offsets(
            self, places: list[TopicPartition]
        ) -> dict[TopicPartition, tuple[int, str]]:
            found = {one: next(answers, world.broker.fetch_committed(one)) for one in places}
            return {one: (at, "") for one, at in found.items() if at is not None}

    async def course() -> Place | None:
        ownership = Ownership("simulated", "passing-in-0", GROUP)
        await ownership.start()
        return await ownership.committed_offset(SimpleNamespace(_coordinator=Coordinator()), source)

    with world.running():
        assert world.loop.run_until_complete(course()) == Place(EVENTS)


def _publish(world: World, numbers: range | list[int]) -> None:
    world.broker.publish(world.place(SOURCE, 0), [(b"c1", b"%d" % number) for number in numbers])


async def _until_consumed(world: World, offset: int) -> None:
    while world.broker.committed.get(world.place(SOURCE, 0), 0) < offset:  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(LOOK_S)
