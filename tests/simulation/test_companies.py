import json
import os
import subprocess
import sys

SEEDS = 60


def test_sixty_roll_ups_under_faults_lose_double_and_miscount_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.simulation.companies", "0", str(SEEDS)],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(run.stdout.splitlines()[-1]) == {"seeds": SEEDS, "failed": {}}, run.stderr[-2_000:]
