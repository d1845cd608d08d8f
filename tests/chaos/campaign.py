"""A campaign: rounds of strikes in an order that a seed decides; all invariants are checked after each."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import linear_regression, quantiles
from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle
from tests.chaos.judge import Judge
from tests.chaos.schedule import volleys
from tests.chaos.strikes import STRIKES
from tests.chaos.strikes.scene import MissedError, Scene
from tests.chaos.system import System, running_system
from tests.chaos.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tests.chaos.judge import Findings
    from tests.chaos.schedule import Planned, Volley

LIFECYCLE = "buyers-journey"
TAKEOVERS = ("kill-worker", "kill-all-workers", "crash-worker", "freeze-worker")
"""What a worker that is lost while nothing else is amiss costs."""
log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What is printed. `takeover_p99_s` is of `TAKEOVERS` alone.

    `rss_slope`: growth of the largest worker, bytes per event.
    """

    seed: int
    events: int = 0
    outputs: int = 0
    erased: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    rounds: int = 0
    lost: int = 0
    duplicated: int = 0
    divergent: int = 0
    zombies: int = 0
    recovery_p50_s: float = 0.0
    recovery_p99_s: float = 0.0
    takeover_p99_s: float = 0.0
    slowest_recovery_s: dict[str, float] = field(default_factory=dict)
    rss_slope: float = 0.0
    ended_by_themselves: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        return bool(self.lost or self.duplicated or self.divergent or self.zombies)


class Campaign:
    """Run once. `kinds`: names of strikes, each made at least once a round, in any order."""

    def __init__(self, system: System, seed: int, kinds: Sequence[str]) -> None:
        self.figures = Figures(seed=seed)
        self._system = system
        self._traffic = Traffic(system.bootstrap, seed)
        self._scene = Scene(system=system, traffic=self._traffic)
        self._judge = Judge(system, load_lifecycle(LIFECYCLE), self._traffic)
        self._kinds = kinds
        self._recoveries: dict[str, list[float]] = {}  # kind of strike → seconds
        self._memory: list[tuple[int, int]] = []  # events sent, bytes
        self._started = time.monotonic()
        self._beside = ThreadPoolExecutor(1)

    def run(self, seconds: float, faults: int) -> None:
        """Strike until that much time has passed, or that many faults were made."""
        try:
            self._scene.system.wait(self._is_under_way)
            while not self.figures.broken and not self._enough(seconds, faults):
                self._round(partial(self._enough, seconds, faults))
        finally:
            self._traffic.halt()
            self._beside.shutdown()
        self._sum_up()

    def _enough(self, seconds: float, faults: int) -> bool:
        self.figures.seconds = round(time.monotonic() - self._started, 1)
        return self.figures.seconds >= seconds or sum(self.figures.faults.values()) >= faults

    def _is_under_way(self) -> bool:
        """Tell whether every partition has been consumed from."""
        self._traffic.some(10)
        return min(self._system.progress().values()) > 0

    def _round(self, enough: Callable[[], bool]) -> None:
        self._traffic.flow()
        for volley in volleys(self.figures.seed, self.figures.rounds, self._kinds):
            self._fire(volley)
            if enough():
                break
        self._traffic.rest()
        self._settle()
        self._check()
        self.figures.rounds += 1

    def _fire(self, volley: Volley) -> None:
        """Make the strikes of a volley at once, and wait until the system is itself again."""
        beside = self._beside.submit(self._strike_all, volley.aside)
        for one in volley.main:
            self._strike_and_recover(one)
        beside.result()
        self._scene.moved_on()
        self._memory.append((self._traffic.events, self._system.memory()))

    def _strike_and_recover(self, planned: Planned) -> None:
        """Strike; then recover, where that was not part of it."""
        recoveries = self._scene.recoveries
        known = len(recoveries)
        self._strike(planned)
        if len(recoveries) == known:
            self._scene.recovered()
        log.info("recovered=%s seconds=%.1f", planned.kind, max(recoveries[known:]))
        self._recoveries.setdefault(planned.kind, []).extend(recoveries[known:])

    def _strike_all(self, planned: Iterable[Planned]) -> None:
        for one in planned:
            self._strike(one)

    def _strike(self, planned: Planned) -> None:
        started = time.monotonic()
        try:
            STRIKES[planned.kind](self._scene, Random(planned.seed))  # noqa: S311 - reproducible
        except MissedError as missed:
            log.info("missed=%s: %s", planned.kind, missed)
            return
        self.figures.faults[planned.kind] = self.figures.faults.get(planned.kind, 0) + 1
        took = time.monotonic() - started
        log.info("strike=%s seconds=%.1f events=%d", planned.kind, took, self._traffic.events)

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
        self._note(self._judge.check())
        for name in names:
            self._system.start(name)

    def _note(self, found: Findings) -> None:
        figures = self.figures
        figures.events, figures.outputs = self._traffic.sent.total(), found.outputs
        figures.lost, figures.duplicated, figures.divergent = found.lost, found.duplicated, found.divergent
        figures.zombies, figures.examples, figures.erased = found.zombies, found.examples, found.erased
        log.info("checked events=%d outputs=%d broken=%s", figures.events, figures.outputs, figures.broken)
        if figures.broken:
            log.info("the broker's data: %s", self._system.keep_data())

    def _sum_up(self) -> None:
        figures, recoveries = self.figures, self._recoveries
        figures.ended_by_themselves = self._system.ended
        figures.slowest_recovery_s = {kind: round(max(took), 1) for kind, took in recoveries.items()}
        every = [seconds for took in recoveries.values() for seconds in took]
        figures.recovery_p50_s, figures.recovery_p99_s = _percentile(every, 50), _percentile(every, 99)
        takeovers = [seconds for kind in TAKEOVERS for seconds in recoveries.get(kind, ())]
        figures.takeover_p99_s = _percentile(takeovers, 99)
        if len(self._memory) > 1:
            figures.rss_slope = round(linear_regression(*zip(*self._memory, strict=True)).slope, 1)


def _percentile(seconds: Sequence[float], which: int) -> float:
    """0 where too few were measured to say."""
    if len(seconds) < 2:
        return 0.0
    return round(quantiles(seconds, n=100, method="inclusive")[which - 1], 1)


def attack(home: Path, *, seed: int, kinds: Sequence[str], seconds: float, faults: int) -> Figures:
    """Start everything, run a campaign, stop everything."""
    with running_system(home, workers=2) as system:
        campaign = Campaign(system, seed, kinds)
        campaign.run(seconds, faults)
        return campaign.figures
