"""A changelog that is lost at the worst moment: nothing is told twice, no old state taken for the newest."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING

import pytest

from processors.engine.place import BEGINNING, Place
from processors.engine.recovery import PROGRESS_KEY, progress_row
from processors.engine.standby import Standby
from tests.simulation.clients import Consumed
from tests.simulation.disks import Disk, DiskShelf
from tests.simulation.reminding import CHANGELOG, OUT, SOURCE, expected
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.engine.partition import Partition

LOOK_S = 0.001


def _world() -> World:
    """Make one with one source, of which few rows are fetched at once; no local state is kept."""
    worlds = (World(Random(seed)) for seed in range(1000))  # noqa: S311 - reproducible
    return next(one for one in worlds if (one.sources, one.fetch_records, one._keeps) == (1, 3, False))


def _publish(world: World, number: int, contact: bytes) -> None:
    value = json.dumps({"id": f"e{number}", "at": world.broker.now_ms()}).encode()
    world.broker.publish(world.place(SOURCE, 0), [(contact, value)])


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(LOOK_S)


def _has_all(world: World) -> bool:
    """Tell whether all that there is has been processed."""
    source, part = world.place(SOURCE, 0), _partition(world)
    return part is not None and part.ready and not world.broker.logs[source].read(part.next_offset, 1)[0]


def _partition(world: World) -> Partition | None:
    parts = [part for one in world.workers.values() for part in one.partitions.values()]
    return parts[0] if parts else None


def _kill_all(world: World) -> None:
    for name in list(world.workers):
        world.kill(name)


def _told(world: World) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for number in world.broker.partitions(OUT):
        for row in world.broker.logs[world.place(OUT, number)].committed():
            found.setdefault(row.key or b"", []).append(row.value or b"")
    return found


def _judge(world: World) -> None:
    fold = expected(world.broker.logs[world.place(SOURCE, 0)].committed())
    part = _partition(world)
    assert part is not None
    assert {key: json.loads(state)["ids"] for key, state in part.store.items()} == fold.ids
    assert _told(world) == fold.outputs


COURSE = [b"a", b"b", b"b", b"a", b"b", b"b", b"b"]
"""Whose event comes next. Each is a transaction of three offsets: the state, the progress, the marker."""


def test_a_changelog_cut_while_its_new_owner_reads_it_leaves_no_old_state() -> None:
    world = _world()
    changelog = world.broker.logs[world.place(CHANGELOG, 0)]

    def reads() -> bool:
        part = _partition(world)
        return part is not None and len(part.store) == 2

    async def course() -> None:
        for number, contact in enumerate(COURSE):
            _publish(world, number, contact)
            await _until(lambda: _has_all(world))
        _kill_all(world)
        world.supervise(1)
        await _until(reads)
        part = _partition(world)
        assert part is not None
        assert part.store.covered is not None
        assert part.store.covered.position < 9  # the newest state of `a` is to come yet
        changelog.cut(12)
        _publish(world, len(COURSE), b"a")
        await _until(lambda: _has_all(world))

    with world.running():
        world.supervise(1)
        world.loop.run_until_complete(asyncio.wait_for(course(), timeout=120))
        _judge(world)


def _consumed(world: World) -> Place:
    offset, told = Consumed.of(world.broker.committed.get(world.place(SOURCE, 0), 0)).told()
    return Place(offset, int(told or 0))


def _covered(world: World) -> Place:
    row = world.broker.logs[world.place(CHANGELOG, 0)].newest(PROGRESS_KEY)
    offset, *_, told = map(int, (row or b"0 0").split())
    return Place(offset, told)


@pytest.mark.parametrize("told", [2, 4])
@pytest.mark.parametrize("again", [False, True], ids=["then-whole", "then-again"])
def test_a_clock_half_done_when_its_owner_dies_and_the_changelog_is_lost_is_told_once(
    told: int, *, again: bool
) -> None:
    """Five are due, two are reminded in a transaction; `again`: the next owner dies on the way, too."""
    world = _world()
    changelog = world.broker.logs[world.place(CHANGELOG, 0)]

    async def course() -> None:
        for number, contact in enumerate([b"a", b"b", b"c", b"d", b"e"]):
            _publish(world, number, contact)
        await _until(lambda: _consumed(world).told == told)
        _kill_all(world)
        await asyncio.sleep(10)
        half = _consumed(world)
        assert half.told == told
        changelog.cut(changelog.end)
        world.supervise(1)
        if again:
            await _until(lambda: _covered(world) > BEGINNING and _covered(world).told == 2)
            _kill_all(world)
            await asyncio.sleep(10)
            assert _covered(world) == half._replace(told=2)
            world.supervise(1)
        await _until(lambda: len(_told(world)) == 5 and _has_all(world))

    with world.running():
        world.supervise(1)
        world.loop.run_until_complete(asyncio.wait_for(course(), timeout=120))
        _judge(world)


def test_a_standby_whose_changelog_was_cut_before_it_had_read_that_keeps_no_old_state() -> None:
    world = _world()
    place = world.place(CHANGELOG, 0)
    changelog = world.broker.logs[place]

    async def course() -> None:
        copies = Standby(DiskShelf(Disk(holder="us")), "simulated", [place], loop=world.loop)
        await copies.start()
        world.broker.publish(place, [(b"a", b"old"), (b"b", b"1"), (PROGRESS_KEY, progress_row(Place(2), 2))])
        await asyncio.sleep(2)
        world.network.broker_away = True
        changelog.append([(b"a", b"new"), (b"b", b"2"), (PROGRESS_KEY, progress_row(Place(4), 2))], 0)
        changelog.cut(4)
        world.network.broker_away = False
        await asyncio.sleep(2)
        assert dict((await copies.take(place)).items()) == {b"b": b"2"}
        await copies.stop()

    with world.running():
        world.loop.run_until_complete(asyncio.wait_for(course(), timeout=60))
