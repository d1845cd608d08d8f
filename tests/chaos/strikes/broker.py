"""Strikes at the broker. Each waits until it answers again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.strikes.scene import Scene


def kill_broker(scene: Scene, chance: Random) -> None:
    scene.system.broker.kill()
    time.sleep(chance.uniform(0, 2))
    scene.system.broker.start()


def restart_broker(scene: Scene, chance: Random) -> None:
    """Orderly: it hands over what it coordinates."""
    del chance
    scene.system.broker.stop()
    scene.system.broker.start()


def pause_broker(scene: Scene, chance: Random) -> None:
    """Longer than a session or a transaction may last, at times."""
    _pause(scene, chance.uniform(2, 10))


def stall_broker(scene: Scene, chance: Random) -> None:
    """Longer than any client waits for an answer (40 s)."""
    _pause(scene, chance.uniform(42, 46))


def _pause(scene: Scene, seconds: float) -> None:
    scene.system.broker.pause()
    try:
        time.sleep(seconds)
    finally:
        scene.system.broker.resume()


def fill_disk(scene: Scene, chance: Random) -> None:
    """Let the broker's disk be full until the broker gives up; then free it and start the broker."""
    del chance
    scene.system.disk.fill()
    try:
        scene.system.wait(lambda: scene.system.broker.process() is None)
    finally:
        scene.system.disk.free()
        scene.system.broker.start()
