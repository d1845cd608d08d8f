from pathlib import Path

import pytest

from tests.chaos.campaign import attack
from tests.chaos.strikes import LIGHT, STRIKES, TAKEOVERS

FAULTS = 100


@pytest.mark.timeout(1_500)  # ten minutes on two idle cores
def test_a_hundred_faults_of_every_kind_lose_double_and_miscount_nothing(tmp_path: Path) -> None:
    twice = [name for name, strike in STRIKES.items() if strike in LIGHT]
    figures = attack(tmp_path, seed=1, kinds=[*STRIKES, *twice], seconds=1_200, faults=FAULTS)
    assert (figures.lost, figures.duplicated, figures.divergent) == (0, 0, 0), figures
    assert sum(figures.faults.values()) >= FAULTS
    assert len(figures.faults) == len(STRIKES) >= len(TAKEOVERS) + len(LIGHT)
    assert figures.outputs > 1_000
