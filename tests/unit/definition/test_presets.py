from __future__ import annotations

import pytest

from processors.lifecycle.plan_json import plan_from_json, plan_to_json
from processors.lifecycle_files import load_lifecycle, presets


@pytest.mark.parametrize("preset", presets())
def test_every_preset_compiles_to_a_plan_that_survives_json(preset: str) -> None:
    plan = load_lifecycle(preset)
    assert plan.id == preset
    assert plan_from_json(plan_to_json(plan)) == plan
