"""A standstill so long that the group has forgotten its offsets; no faults here."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.reminding import SOURCE
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_S = 0.001


def test_what_the_group_forgot_is_said_again_before_the_next_event_comes() -> None:
    """Whoever asks the group how far the workers are (`promote`, `doctor`) need not wait for an event."""
    world = World(Random(0))  # noqa: S311 - reproducible
    sources = world.places(SOURCE)

    async def course() -> dict[str, bool]:
        await _until(lambda: all(world.broker.committed.get(source) for source in sources))
        for name in list(world.workers):
            world.kill(name)
        said = dict(world.broker.committed)
        world.broker.committed.clear()
        world.supervise(1)
        await _until(lambda: any(one.joined and one.ready() for one in world.workers.values()))
        await asyncio.sleep(0.5)  # for markers; nobody is to be reminded of as soon as that
        return {str(source): world.broker.committed.get(source, 0) >= said[source] for source in sources}

    for source in sources:
        event = json.dumps({"id": str(source), "at": world.broker.now_ms()}).encode()
        world.broker.publish(source, [(b"c%d" % source.partition, event)])
    with world.running():
        world.supervise(1)
        said_again = world.loop.run_until_complete(asyncio.wait_for(course(), timeout=120))
    assert said_again == {str(source): True for source in sources}


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(LOOK_S)
