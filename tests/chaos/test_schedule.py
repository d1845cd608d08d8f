from __future__ import annotations

from random import Random

import pytest

from tests.chaos.schedule import volleys
from tests.chaos.strikes import STRIKES


def test_a_seed_decides_what_strikes_when() -> None:
    first, again, other = (list(volleys(seed, 0, list(STRIKES))) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("seed", range(5))
def test_each_round_holds_every_fault_that_was_asked_for_and_no_other(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - reproducible
    kinds = chance.sample(list(STRIKES), chance.randint(1, len(STRIKES)))
    found = {one.kind for volley in volleys(seed, 3, kinds) for one in volley.main + volley.aside}
    assert found == set(kinds)
