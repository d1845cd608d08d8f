"""What can be done to the running system. Each strike heals what it broke before it returns."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from redis import Redis
from redis.exceptions import RedisError

from processors.topic_admin import administering
from schemas.topics import LIFECYCLE_CHANGELOG
from tests.chaos.crash_points import CRASHED, PROJECTOR, WORKER
from tests.chaos.traffic import HOT

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.system import System
    from tests.chaos.traffic import Traffic

SESSION_S = 6.0  # of the workers' group: a silent worker's partitions move after it
REACH_S = 20.0  # a crash point that is not reached by then is not counted
WORKERS = 4  # most that run at once


class Scene(NamedTuple):
    """What a strike may touch."""

    system: System
    traffic: Traffic
    chance: Random

    def some_worker(self) -> str:
        return self.chance.choice(self.system.workers)


def kill_worker(scene: Scene) -> None:
    name = scene.some_worker()
    scene.system.kill(name)
    scene.system.start(name)


def crash_worker(scene: Scene) -> None:
    """Let a worker die at a named point."""
    _crash(scene, scene.some_worker(), scene.chance.choice([name for name in WORKER if name != "stopping"]))


def crash_projector(scene: Scene) -> None:
    """Let the projector die at a named point."""
    _crash(scene, "projector", scene.chance.choice(list(PROJECTOR)))


def _crash(scene: Scene, name: str, point: str) -> None:
    scene.system.kill(name)
    nth = scene.chance.choice([1, 1, 2, 3])
    process = scene.system.start(name, crash_at=f"{point}:{nth}")
    deadline = time.monotonic() + REACH_S
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.poll() not in (None, CRASHED):
        scene.system.ended.append(f"{name}: {process.returncode} before {point}")
    scene.system.kill(name)  # also what never got there: it must not die later, uncounted
    scene.system.start(name)


def freeze_worker(scene: Scene) -> None:
    """SIGSTOP for longer than a session: a zombie that wakes up believing in its partitions."""
    name = scene.some_worker()
    scene.system.freeze(name)
    time.sleep(SESSION_S + scene.chance.uniform(1, 4))
    scene.system.thaw(name)


def roll_worker(scene: Scene) -> None:
    """SIGTERM and start: one step of a rolling restart."""
    name = scene.some_worker()
    scene.system.terminate(name)
    scene.system.start(name)


def scale(scene: Scene) -> None:
    """Add workers up to four, then let go of the oldest: rebalances close on each other."""
    before = scene.system.workers
    for number in range(WORKERS):
        if f"worker-{number}" not in before:
            scene.system.start(f"worker-{number}")
            time.sleep(scene.chance.uniform(0, 2))
    for name in before[: scene.chance.randint(1, len(before))]:
        scene.system.terminate(name)
    while len(scene.system.workers) > 2:
        scene.system.terminate(scene.some_worker())


def kill_broker(scene: Scene) -> None:
    scene.system.broker.kill()
    time.sleep(scene.chance.uniform(0, 2))
    scene.system.broker.start()


def pause_broker(scene: Scene) -> None:
    scene.system.broker.pause()
    time.sleep(scene.chance.uniform(2, 10))
    scene.system.broker.resume()


def delete_changelog(scene: Scene) -> None:
    """Lose every state, with all workers; they make the topic anew and fold the log again, silently."""
    names = scene.system.workers
    for name in names:
        scene.system.kill(name)
    with administering(scene.system.bootstrap) as admin:
        admin.delete_topics([LIFECYCLE_CHANGELOG.name])
    time.sleep(1.0)  # the broker deletes in the background
    for name in names:
        scene.system.start(name)


def kill_projector(scene: Scene) -> None:
    scene.system.kill("projector")
    scene.system.start("projector")


def flush_redis(scene: Scene) -> None:
    _redis(scene).flushall()


def kill_redis(scene: Scene) -> None:
    """Redis comes back empty."""
    scene.system.valkey.kill()
    time.sleep(scene.chance.uniform(0, 1))
    scene.system.valkey.start()


def fill_redis(scene: Scene) -> None:
    """Out of memory for a while."""
    redis = _redis(scene)
    redis.config_set("maxmemory", "1")
    time.sleep(scene.chance.uniform(0.5, 2))
    redis.config_set("maxmemory", "0")


def read_only_redis(scene: Scene) -> None:
    """Redis follows a master that is not there: it refuses writes, for a while."""
    redis = _redis(scene)
    redis.replicaof("127.0.0.1", "1")
    time.sleep(scene.chance.uniform(0.5, 2))
    redis.replicaof("NO", "ONE")


def slow_redis(scene: Scene) -> None:
    """Redis answers nobody for a while, longer than the client waits at times."""
    scene.system.valkey.pause()
    time.sleep(scene.chance.uniform(0.5, 6))
    scene.system.valkey.resume()


def poison(scene: Scene) -> None:
    scene.traffic.aside(lambda traffic: traffic.poisonous())


def duplicates(scene: Scene) -> None:
    scene.traffic.aside(lambda traffic: traffic.duplicates(50))


def hot_contact(scene: Scene) -> None:
    """Half of a burst belongs to one contact."""
    scene.traffic.aside(lambda traffic: traffic.some(300, contact=HOT))


def _redis(scene: Scene) -> Redis:
    redis = Redis.from_url(scene.system.redis_url)
    with suppress(RedisError):
        redis.ping()
    return redis


# Strikes at workers: how long until the others, or the next one, have taken over is measured.
TAKEOVERS = (kill_worker, crash_worker, freeze_worker, roll_worker)
HEAVY = (scale, kill_broker, pause_broker, delete_changelog)
LIGHT = (
    *(kill_projector, crash_projector, flush_redis, kill_redis, fill_redis, read_only_redis, slow_redis),
    *(poison, duplicates, hot_contact),
)
STRIKES = {strike.__name__.replace("_", "-"): strike for strike in (*TAKEOVERS, *HEAVY, *LIGHT)}
