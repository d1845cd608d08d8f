from __future__ import annotations

import time
from functools import partial
from signal import SIGTERM
from typing import TYPE_CHECKING

import pytest

from processors.lifecycle_files import load_lifecycle
from tests.chaos.crash_points import CRASHED, PROJECTOR, WORKER
from tests.chaos.judge import Judge
from tests.chaos.system import running_system
from tests.chaos.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.chaos.system import System

REACH_S = 180.0  # sessions of workers that died before, and starts on a busy machine
AT_ONCE = 4  # workers that go to their deaths together
ORDERED = "stopping"  # reached on SIGTERM only


@pytest.mark.timeout(1_200)  # two minutes on two idle cores
def test_every_crash_point_is_reached_and_nothing_is_lost_doubled_or_wrong_after_any(tmp_path: Path) -> None:
    with running_system(tmp_path, workers=0) as system:
        traffic = Traffic(system.bootstrap, seed=1)
        traffic.flow()
        points = [point for point in WORKER if point != ORDERED]
        for start in range(0, len(points), AT_ONCE):
            _crash_at(system, points[start : start + AT_ONCE])
        _crash_when_told(system)
        system.start("worker-0")  # the projector needs something to do
        system.kill("projector")
        for point in PROJECTOR:
            system.start("projector", crash_at=point)
            _await_end(system, "projector", point)
        system.start("projector")
        traffic.rest()
        for _ in range(2):
            mark = system.mark()
            system.wait(partial(system.is_past, mark))
        system.terminate("worker-0")
        system.wait(system.is_shown)
        found = Judge(system, load_lifecycle("buyers-journey"), traffic).check()
    assert (found.lost, found.duplicated, found.divergent, found.zombies) == (0, 0, 0, 0), found
    assert found.outputs > 100


def _crash_at(system: System, points: Sequence[str]) -> None:
    """Let a worker for each point run until it dies there."""
    for number, point in enumerate(points):
        system.start(f"worker-{number}", crash_at=point)
    for number, point in enumerate(points):
        _await_end(system, f"worker-{number}", point)


def _crash_when_told(system: System) -> None:
    """Let a worker die when it is told to stop, which it has to listen for first."""
    system.start("worker-0", crash_at=ORDERED)
    log, deadline = system.home / "worker-0.log", time.monotonic() + REACH_S
    seen = log.read_text().count("ready group=")
    while log.read_text().count("ready group=") == seen:
        assert time.monotonic() < deadline, "the worker does not come up"
        time.sleep(0.1)
    system.signal("worker-0", SIGTERM)
    _await_end(system, "worker-0", ORDERED)


def _await_end(system: System, name: str, point: str) -> None:
    assert system.await_end(name, REACH_S) == CRASHED, point
    assert f"crash point reached: {point}" in (system.home / f"{name}.log").read_text()
