from __future__ import annotations

import pytest

from processors.lifecycle.definition.cost import Cost, cost_of
from processors.lifecycle.definition.load import load
from processors.lifecycle.definition.moves.deeds import Guess
from processors.lifecycle.definition.moves.exclusions import World, world_of
from processors.lifecycle.definition.moves.literals import Budget
from processors.lifecycle.definition.moves.witness import Rehearsal
from processors.lifecycle_files import presets, read_lifecycle

HOUR_MS = 3_600_000


def world(preset: str) -> World:
    loaded = load(read_lifecycle(preset)[1], preset)
    assert loaded.lifecycle is not None
    assert loaded.plan is not None
    return world_of(loaded.lifecycle, loaded.plan)


def test_the_cost_counts_what_an_event_meets() -> None:
    cost = cost_of(world("inveniv"))
    assert cost == Cost(
        busiest_event="page_view",
        tests=6,
        accumulators=3,
        mean_tests=1.0,
        mean_accumulators=2.1,
        state_typical=cost.state_typical,
        state_worst=cost.state_worst,
    )


@pytest.mark.parametrize("preset", presets())
def test_a_busy_contact_stays_below_the_worst(preset: str) -> None:
    own = world(preset)
    atoms = dict.fromkeys(atom for behaviour in own.plan.behaviours for atom in behaviour.atoms)
    guess, rehearsal = Guess(own), Rehearsal(own.plan, Budget(left=10**9))
    for atom in atoms:
        text = next((name for name, kind in own.events[atom.event].items() if kind.kind == "string"), None)
        tested = {test.field for test in atom.tests}
        rehearsal.act(tuple(guess.doing(atom, 60, None if text in tested else text, HOUR_MS)))
    cost = cost_of(own)
    assert cost.state_typical < len(rehearsal.state) < cost.state_worst
