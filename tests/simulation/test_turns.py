"""How many transactions a member has open at once; no faults here."""

from __future__ import annotations

import asyncio
import json
from random import Random

from processors.engine.member import AT_ONCE
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


def _world(seed: int) -> World:
    return World(Random(seed))  # noqa: S311 - reproducible


async def _most_open(world: World) -> int:
    """Return how many transactions were open at most until all events were consumed."""
    most = 0
    while sum(world.broker.committed.values()) < EVENTS_PER_SOURCE * world.sources:
        most = max(most, world.broker.open_transactions())
        await asyncio.sleep(LOOK_S)
    return most
