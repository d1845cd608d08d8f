from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.chaos.campaign import attack
from tests.chaos.strikes import STRIKES

if TYPE_CHECKING:
    from pathlib import Path

KINDS = [kind for kind in STRIKES if kind != "stall-broker"]  # that alone takes most of a minute


@pytest.mark.timeout(1_500)  # 4 minutes on two idle cores
def test_a_hundred_faults_lose_double_and_miscount_nothing(tmp_path: Path) -> None:
    figures = attack(tmp_path, seed=1, kinds=KINDS, seconds=math.inf, faults=100)
    assert not figures.broken, figures
    assert sum(figures.faults.values()) >= 100
    assert len(figures.faults) > 20  # kinds; a point that is not reached in time, say, is missed
    assert figures.events > 2_000
    assert figures.erased > 30
