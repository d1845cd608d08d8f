"""A campaign: rounds of strikes in an order that a seed decides; all invariants are checked after each."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import linear_regression, quantiles
from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle
from tests.chaos.judge import judge
from tests.chaos.strikes import STRIKES, TAKEOVERS, Scene
from tests.chaos.system import System, running_system
from tests.chaos.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.chaos.judge import Findings

LIFECYCLE = "buyers-journey"
log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What is printed. `rss_slope`: growth of the largest worker, bytes per event. `broken`: invariants."""

    seed: int
    events: int = 0
    outputs: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    rounds: int = 0
    lost: int = 0
    duplicated: int = 0
    divergent: int = 0
    recovery_p50_s: float = 0.0
    recovery_p99_s: float = 0.0
    rss_slope: float = 0.0
    ended_by_themselves: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        return bool(self.lost or self.duplicated or self.divergent)


class Campaign:
    """Run once. `kinds`: names of strikes, each made once a round, in any order."""

    def __init__(self, system: System, seed: int, kinds: Sequence[str]) -> None:
        self.figures = Figures(seed=seed)
        self._system = system
        self._chance = Random(seed)  # noqa: S311 - a schedule
        self._traffic = Traffic(system.bootstrap, seed)
        self._scene = Scene(system, self._traffic, self._chance)
        self._kinds = kinds
        self._takeovers: list[float] = []
        self._memory: list[tuple[int, int]] = []  # events sent, bytes

    def run(self, seconds: float, faults: int) -> None:
        """Strike until that much time has passed, or that many faults were made."""
        started = time.monotonic()
        try:
            while not self.figures.broken:
                self._round()
                self.figures.seconds = round(time.monotonic() - started, 1)
                if self.figures.seconds >= seconds or sum(self.figures.faults.values()) >= faults:
                    break
        finally:
            self._traffic.halt()
        self._sum_up()

    def _round(self) -> None:
        self._traffic.flow()
        for kind in self._chance.sample(list(self._kinds), len(self._kinds)):
            self._strike(kind)
        self._traffic.rest()
        self._settle()
        self._memory.append((self._traffic.events, self._system.memory()))
        self._check()
        self.figures.rounds += 1

    def _strike(self, kind: str) -> None:
        time.sleep(self._chance.uniform(0.1, 0.5))
        strike, before = STRIKES[kind], self._system.mark()
        started = time.monotonic()
        strike(self._scene)
        self._system.wait(partial(self._system.is_past, before))
        took = time.monotonic() - started
        self.figures.faults[kind] = self.figures.faults.get(kind, 0) + 1
        if strike in TAKEOVERS:
            self._takeovers.append(took)
        log.info("strike=%s seconds=%.1f events=%d", kind, took, self._traffic.events)

    def _settle(self) -> None:
        """Wait until everything sent is decided; then let the workers end, and the projector catch up."""
        for _ in range(2):  # what intake still had in hand is contact-events by the second time
            mark = self._system.mark()
            self._system.wait(partial(self._system.is_past, mark))

    def _check(self) -> None:
        names = self._system.workers
        for name in names:
            self._system.terminate(name)
        self._system.wait(self._system.is_shown)
        found = judge(
            self._system.bootstrap, self._system.redis_url, load_lifecycle(LIFECYCLE), self._traffic
        )
        self._note(found)
        for name in names:
            self._system.start(name)

    def _note(self, found: Findings) -> None:
        figures = self.figures
        figures.events, figures.outputs = self._traffic.sent.total(), found.outputs
        figures.lost, figures.duplicated, figures.divergent = found.lost, found.duplicated, found.divergent
        figures.examples = found.examples
        log.info("checked events=%d outputs=%d broken=%s", figures.events, figures.outputs, figures.broken)

    def _sum_up(self) -> None:
        self.figures.ended_by_themselves = self._system.ended
        if len(self._takeovers) > 1:
            hundredths = quantiles(self._takeovers, n=100, method="inclusive")
            self.figures.recovery_p50_s = round(hundredths[49], 1)
            self.figures.recovery_p99_s = round(hundredths[98], 1)
        if len(self._memory) > 1:
            self.figures.rss_slope = round(linear_regression(*zip(*self._memory, strict=True)).slope, 1)


def attack(home: Path, *, seed: int, kinds: Sequence[str], seconds: float, faults: int) -> Figures:
    """Start everything, run a campaign, stop everything."""
    with running_system(home, workers=2) as system:
        campaign = Campaign(system, seed, kinds)
        campaign.run(seconds, faults)
        return campaign.figures
