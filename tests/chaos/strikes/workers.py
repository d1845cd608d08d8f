"""Strikes at the workers: killed, stopped, frozen, added, taken away, rebalanced."""

from __future__ import annotations

import asyncio
import time
from signal import SIGCONT, SIGSTOP
from typing import TYPE_CHECKING

from aiokafka import ConsumerRebalanceListener

from processors.engine.member import _make_consumer
from schemas.topics import CONTACT_EVENTS
from tests.chaos.crash_points import CRASHED, WORKER
from tests.chaos.strikes.scene import STEADY, MissedError, some_worker

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.strikes.scene import Scene

REACH_S = 30.0  # a crash point that is not reached by then is missed
WORKERS = 4  # most that run at once
GUEST_S = 20.0  # a guest that the group has not let in by then leaves again


def kill_worker(scene: Scene, chance: Random) -> None:
    """SIGKILL, and a start at once."""
    name = some_worker(scene, chance)
    scene.system.kill(name)
    killed = time.monotonic()
    scene.system.start(name)
    scene.recovered(killed)


def kill_all_workers(scene: Scene, chance: Random) -> None:
    """SIGKILL all of them: nobody is left to take over until they are back."""
    del chance
    for name in scene.system.workers:
        scene.system.kill(name)
    killed = time.monotonic()
    for name in STEADY:
        scene.system.start(name)
    scene.recovered(killed)


def crash_worker(scene: Scene, chance: Random) -> None:
    """Let a worker die at a named point."""
    points = [one for one in WORKER if one != "stopping"]
    scene.recovered(crash_at_point(scene, chance, some_worker(scene, chance), points))


def crash_at_point(scene: Scene, chance: Random, name: str, points: list[str]) -> float:
    """Start a process anew, to die at one of these points, and start it again; return when it died.

    Raises MissedError.
    """
    scene.system.terminate(name)
    point = chance.choice(points)
    nth = 1 if "showing" in point else chance.choice([1, 1, 2, 3])  # a view is shown once per life
    process = scene.system.start(name, crash_at=f"{point}:{nth}")
    deadline = time.monotonic() + REACH_S
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    died, code = time.monotonic(), process.poll()
    scene.system.kill(name)  # also what never got there: it must not die later, uncounted
    scene.system.start(name)
    if code != CRASHED:
        raise MissedError(f"{name} did not reach {point}:{nth}, exit code {code}")
    return died


def freeze_worker(scene: Scene, chance: Random) -> None:
    """SIGSTOP until the others have everything, then SIGCONT: a zombie that believes in its partitions."""
    name = some_worker(scene, chance)
    scene.system.signal(name, SIGSTOP)
    try:
        scene.recovered()
        time.sleep(chance.uniform(0, 2))
    finally:
        scene.system.signal(name, SIGCONT)


def roll_workers(scene: Scene, chance: Random) -> None:
    """SIGTERM and start, one after another: a rolling restart."""
    for name in chance.sample(STEADY, len(STEADY)):
        scene.system.terminate(name)
        stopped = time.monotonic()
        scene.system.start(name)
        scene.recovered(stopped)


def scale_workers(scene: Scene, chance: Random) -> None:
    """From one to four workers to one: rebalances close on each other."""
    names = [f"worker-{number}" for number in range(WORKERS)]
    for name in names:
        if name not in scene.system.workers:
            scene.system.start(name)
            time.sleep(chance.uniform(0, 1))
    scene.moved_on()
    for name in chance.sample(names, WORKERS)[1:]:
        scene.system.terminate(name)
    scene.moved_on()
    steady(scene)


def steady(scene: Scene) -> None:
    """Let the workers be those that there are between two strikes."""
    for name in STEADY:
        if name not in scene.system.workers:
            scene.system.start(name)
    for name in set(scene.system.workers) - set(STEADY):
        scene.system.terminate(name)


def rebalance_storm(scene: Scene, chance: Random) -> None:
    """Let a guest join the group and leave it, again and again: each time all partitions change hands."""
    for _ in range(chance.randint(3, 5)):
        asyncio.run(_visit(scene.system.bootstrap, chance.uniform(0, 1)))


class _Welcome(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    def __init__(self) -> None:
        self.given = asyncio.Event()

    def on_partitions_revoked(self, revoked: object) -> None: ...

    def on_partitions_assigned(self, assigned: object) -> None:
        del assigned
        self.given.set()


async def _visit(bootstrap: str, seconds: float) -> None:
    guest = _make_consumer(bootstrap, "stageline-lifecycle")
    await guest.start()
    try:
        welcome = _Welcome()
        guest.subscribe([CONTACT_EVENTS.name], listener=welcome)
        await asyncio.wait_for(welcome.given.wait(), GUEST_S)
        await asyncio.sleep(seconds)
    except TimeoutError as error:
        raise MissedError("the group let no guest in") from error
    finally:
        await guest.stop()
