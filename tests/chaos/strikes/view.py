"""Strikes at the read side: the projector, and Redis in every way it can fail."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redis import Redis

from tests.chaos.crash_points import PROJECTOR
from tests.chaos.strikes.workers import crash_at_point

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.strikes.scene import Scene


def kill_projector(scene: Scene, chance: Random) -> None:
    del chance
    scene.system.kill("projector")
    scene.system.start("projector")


def crash_projector(scene: Scene, chance: Random) -> None:
    """Let the projector die at a named point."""
    crash_at_point(scene, chance, "projector", list(PROJECTOR))


def flush_redis(scene: Scene, chance: Random) -> None:
    del chance
    _redis(scene).flushall()


def kill_redis(scene: Scene, chance: Random) -> None:
    """Redis is down for a while and comes back empty."""
    scene.system.valkey.kill()
    time.sleep(chance.uniform(0, 2))
    scene.system.valkey.start()


def fill_redis(scene: Scene, chance: Random) -> None:
    """Out of memory for a while."""
    redis = _redis(scene)
    redis.config_set("maxmemory", "1")
    time.sleep(chance.uniform(0.5, 2))
    redis.config_set("maxmemory", "0")


def read_only_redis(scene: Scene, chance: Random) -> None:
    """Redis follows a master that is not there: it refuses writes, for a while."""
    redis = _redis(scene)
    redis.replicaof("127.0.0.1", "1")
    time.sleep(chance.uniform(0.5, 2))
    redis.replicaof("NO", "ONE")


def slow_redis(scene: Scene, chance: Random) -> None:
    """Redis answers nobody for a while, longer than the client waits at times."""
    scene.system.valkey.pause()
    try:
        time.sleep(chance.uniform(0.5, 6))
    finally:
        scene.system.valkey.resume()


def _redis(scene: Scene) -> Redis:
    return Redis.from_url(scene.system.redis_url)
