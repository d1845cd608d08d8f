import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.mutant import CHECKS, Mutant, all_mutants, plant

MUTANTS = list(all_mutants())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_fits_the_code(mutant: Mutant, tmp_path: Path) -> None:
    plant(mutant, tmp_path)
    assert mutant.caught_by in CHECKS


@pytest.mark.timeout(600)
def test_the_simulation_catches_its_mutants() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--up-to", "simulation"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count('"caught_by": "simulation"') >= 20
