"""Each mutant must fit the code; `scripts/mutants` plants them and shows which check catches each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mutants.mutant import CHECKS, Mutant, all_mutants, plant

if TYPE_CHECKING:
    from pathlib import Path

MUTANTS = list(all_mutants())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_fits_the_code(mutant: Mutant, tmp_path: Path) -> None:
    plant(mutant, tmp_path)
    assert mutant.check in CHECKS
    assert [(tmp_path / tests).is_file() for tests in mutant.tests] == [True] * (mutant.check != "simulation")
