import json
import os
import subprocess
import sys

import pytest

SEEDS = 100


@pytest.mark.timeout(600)  # 60 s of an idle core
def test_a_hundred_promotions_struck_at_every_step_lose_double_and_miscount_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.simulation.promotion", "0", str(SEEDS)],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    figures = json.loads(run.stdout.splitlines()[-1])
    assert (figures["seeds"], figures["failed"]) == (SEEDS, {}), run.stderr[-2_000:]
    assert figures["promoter_struck_while"].keys() == {"fencing", "building", "switching", "waiting"}
    assert figures["aborted"] >= 5  # 7 to 10 of them, as chance has it
    assert figures["erased"] >= 150  # contacts; 233 of them
