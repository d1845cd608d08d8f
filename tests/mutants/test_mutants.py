"""Each mutant must fit the code; `scripts/mutants` plants them and shows which check catches each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mutants.mutant import CHECKS, Mutant, all_mutants, apply_patch, copy_project, first_complaint

if TYPE_CHECKING:
    from pathlib import Path

MUTANTS = list(all_mutants())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("project")
    copy_project(tree)
    return tree


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_fits_the_code(mutant: Mutant, project: Path) -> None:
    apply_patch(mutant, project, "--check")
    assert mutant.check in CHECKS
    assert [(project / tests).is_file() for tests in mutant.tests] == [True] * (mutant.check != "simulation")


def test_what_a_caught_log_says_is_no_complaint() -> None:
    said = """
    ERROR    processors.engine.recovery:recovery.py:196 changelog damaged, folding again
    FAILED tests/integration/test_local_state.py::test_local_state_is_refused
    """
    assert (
        first_complaint(said) == "FAILED tests/integration/test_local_state.py::test_local_state_is_refused"
    )
