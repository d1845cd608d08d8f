"""What a strike may touch, and how it says what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from tests.chaos.system import System
    from tests.chaos.traffic import Traffic

STEADY = ("worker-0", "worker-1")  # the workers between two strikes


class MissedError(Exception):
    """The strike did not come to be, as when a point was not reached in time: it does not count."""


@dataclass(slots=True, kw_only=True)
class Scene:
    """`recoveries`: seconds each, see `recovered`."""

    system: System
    traffic: Traffic
    recoveries: list[float] = field(default_factory=list)

    def recovered(self, since: float | None = None) -> None:
        """Wait until every partition has moved on; note the seconds since `since`, or since now.

        They count from the loss of a worker; for what is not a worker's, from when it is whole again.
        """
        since = since or time.monotonic()
        self.moved_on()
        self.recoveries.append(time.monotonic() - since)

    def moved_on(self) -> None:
        """Wait until every partition has committed more than it had when this was called."""
        self.system.wait(partial(self.system.has_moved_on, self.system.progress()))


def some_worker(scene: Scene, chance: Random) -> str:
    return chance.choice(sorted(scene.system.workers))
