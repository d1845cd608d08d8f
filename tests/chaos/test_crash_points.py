from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from processors.lifecycle_files import load_lifecycle
from tests.chaos.crash_points import CRASHED, PROJECTOR, WORKER
from tests.chaos.judge import judge
from tests.chaos.system import running_system
from tests.chaos.traffic import Traffic

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.system import System

REACH_S = 60.0  # a session of a worker that died before, and a start on a busy machine


@pytest.mark.timeout(600)
def test_every_crash_point_is_reached_and_nothing_is_lost_doubled_or_wrong_after_any(tmp_path: Path) -> None:
    with running_system(tmp_path, workers=0) as system:
        traffic = Traffic(system.bootstrap, seed=1)
        traffic.flow()
        for point in WORKER:
            _crash_at(system, "worker-0", point)
        system.start("worker-0")  # the projector needs something to do
        for point in PROJECTOR:
            _crash_at(system, "projector", point)
        traffic.rest()
        system.tend()
        for _ in range(2):
            mark = system.mark()
            system.wait(partial(system.is_past, mark))
        system.terminate("worker-0")
        system.wait(system.is_shown)
        found = judge(system, load_lifecycle("buyers-journey"), traffic)
    assert (found.lost, found.duplicated, found.divergent, found.zombies) == (0, 0, 0, 0), found
    assert found.outputs > 100


def _crash_at(system: System, name: str, point: str) -> None:
    if name in system.names:
        system.kill(name)
    process = system.start(name, crash_at=point)
    if point == "stopping":
        time.sleep(5)  # by then it listens to signals
        process.terminate()
    assert process.wait(REACH_S) == CRASHED, point
    assert f"crash point reached: {point}" in (system.home / f"{name}.log").read_text()
