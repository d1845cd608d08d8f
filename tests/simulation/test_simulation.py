import json
import os
import subprocess
import sys

import pytest

SEEDS = 1_000


@pytest.mark.timeout(600)  # 70 s on two idle cores
def test_a_thousand_seeds_of_crashes_zombies_and_losses_lose_double_and_miscount_nothing() -> None:
    run = _simulate("--seeds", str(SEEDS))
    figures = json.loads(run.stdout)
    assert (figures["seeds"], figures["failed"]) == (SEEDS, []), run.stderr
    assert sum(figures["faults"].values()) > 4 * SEEDS
    assert len(figures["faults"]) >= 12


def test_a_seed_decides_every_step() -> None:
    first, second, other = (_simulate("--seed", seed).stderr for seed in ("3", "3", "4"))
    assert first == second
    assert "trace" in first
    assert first != other


def _simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
