"""How many transactions a member has open at once; no faults here."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

from processors.engine.turns import AT_ONCE
from tests.simulation.reminding import SOURCE
from tests.simulation.world import World

EVENTS_PER_SOURCE = 40
LOOK_S = 0.001


def test_a_member_opens_one_transaction_more_only_when_another_has_ended() -> None:
    world = next(world for world in map(_world, range(100)) if world.sources > AT_ONCE)
    for source in world.places(SOURCE):
        for number in range(EVENTS_PER_SOURCE):
            event = json.dumps({"id": f"{source}-{number}", "at": world.broker.now_ms()}).encode()
            world.broker.publish(source, [(b"c%d" % source.partition, event)])
    world.network.delay = 0.2
    with world.running():
        world.supervise(1)
        most = world.loop.run_until_complete(_most_open(world))
    assert most == AT_ONCE


def test_partitions_that_wait_for_a_coordinator_take_no_turn_from_the_others() -> None:
    world = next(world for world in map(_world, range(100)) if world.sources > AT_ONCE)
    *stuck, free = world.places(SOURCE)

    async def course() -> None:
        while not any(one.joined and one.ready() for one in world.workers.values()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(LOOK_S)
        (worker,) = world.workers.values()
        for place in stuck:  # their coordinator is gone, and does not come back
            ownership: Any = worker.partitions[place]._ownership
            ownership._connection = None
            ownership._start_patiently = _wait_for_ever
        await asyncio.sleep(5)
        event = json.dumps({"id": "1", "at": world.broker.now_ms()}).encode()
        world.broker.publish(free, [(b"c", event)])
        await asyncio.sleep(5)

    with world.running():
        world.supervise(1)
        world.loop.run_until_complete(course())
        assert len(stuck) >= AT_ONCE
        assert world.broker.committed.get(free)


async def _wait_for_ever(*_: object) -> None:
    await asyncio.sleep(1_000_000)


def _world(seed: int) -> World:
    return World(Random(seed))  # noqa: S311 - reproducible


async def _most_open(world: World) -> int:
    """Return how many transactions were open at most until all events were consumed."""
    most = 0
    while sum(world.broker.committed.values()) < EVENTS_PER_SOURCE * world.sources:
        most = max(most, world.broker.open_transactions())
        await asyncio.sleep(LOOK_S)
    return most
