"""Warm copies change hands; no faults here."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

from processors.engine.standby import Standby
from tests.simulation.disks import Disk, DiskShelf
from tests.simulation.reminding import CHANGELOG
from tests.simulation.world import World

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from processors.engine.store import Store


def test_a_copy_that_was_waited_for_when_it_came_back_is_had_again_afterwards() -> None:
    """As when a partition is revoked and assigned again before its first owner has let go of it."""
    world = World(Random(1))  # noqa: S311 - reproducible
    changelog = world.place(CHANGELOG, 0)

    async def course() -> None:
        copies = Standby(DiskShelf(Disk(holder="us")), "simulated", [changelog], loop=world.loop)
        await copies.start()
        first = await copies.take(changelog)
        waiting = asyncio.create_task(copies.take(changelog))
        await asyncio.sleep(1)
        copies.put_back(changelog, first)
        copies.put_back(changelog, await waiting)
        await asyncio.sleep(1)
        copies.put_back(changelog, await copies.take(changelog))
        await copies.stop()

    with world.running():
        world.loop.run_until_complete(asyncio.wait_for(course(), timeout=60))


class AskingShelf(DiskShelf):
    """One that has a question to put before it gives a store out."""

    async def take(self, changelog: TopicPartition) -> Store:
        await asyncio.sleep(1)
        return await super().take(changelog)


def test_a_copy_is_followed_again_when_its_partition_is_given_up_before_it_has_it() -> None:
    """As when a partition is revoked while it opens."""
    world = World(Random(1))  # noqa: S311 - reproducible
    changelog = world.place(CHANGELOG, 0)
    shelf = AskingShelf(Disk(holder="us"))

    async def course() -> bool:
        copies = Standby(shelf, "simulated", [changelog], loop=world.loop)
        await copies.start()
        await asyncio.sleep(5)
        opening = asyncio.create_task(copies.take(changelog))
        await asyncio.sleep(0.5)
        opening.cancel()
        await asyncio.sleep(5)
        is_followed = changelog in shelf._given
        await copies.stop()
        return is_followed

    with world.running():
        assert world.loop.run_until_complete(asyncio.wait_for(course(), timeout=60))
