"""The definition changes under the engine: in chunks, over crashes, once; and replay says the same."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from processors.engine import folding, rules
from processors.engine.lifecycle import Lifecycle
from processors.lifecycle_files import load_lifecycle, presets
from processors.promotion.barrier import barrier
from processors.replay.replay import Replay
from schemas.native import BACKEND
from schemas.topics import MQL_HANDOFF, SEGMENT_CHANGED, STAGE_CHANGED
from tests.builders.lifecycles import sooner
from tests.builders.partition_traffic import Traffic, built_beside
from tests.builders.partitions import Partitions

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

    Told = dict[tuple[str, bytes], list[Any]]

TOPICS = {
    "stage_changed": STAGE_CHANGED.name,
    "segment_changed": SEGMENT_CHANGED.name,
    "mql_handoff": MQL_HANDOFF.name,
}
PLANS = {name: (load_lifecycle(name), sooner(name)) for name in presets()}


def some(chance: Random, count: int) -> list[Plan]:
    """Plans of the same stages, or of any."""
    name = chance.choice(sorted(PLANS))
    names = [name if chance.random() < 0.5 else chance.choice(sorted(PLANS)) for _ in range(count)]
    return [chance.choice(PLANS[one]) for one in names]


def promote(worker: Partitions, old: Plan, new: Plan, generation: int, at: int) -> None:
    worker.everywhere(
        barrier(new, generation, replaces=old.plan_hash, at=at, in_place=new.shape_hash == old.shape_hash)
    )


def replayed(first: Plan, worker: Partitions) -> tuple[Told, dict[bytes, bytes]]:
    run = Replay(first, lambda: worker.log, recorded=True, home=worker.home)
    told: Told = defaultdict(list)
    for one in worker.log:
        for change in run.feed(one):
            told[TOPICS[change["record"]], change["contact_id"].encode()].append(change)
    return told, {contact.encode(): state for contact, state in run.states()}


@pytest.mark.parametrize("seed", range(16))
def test_replay_of_a_log_with_barriers_gives_the_changes_and_states_of_the_live_run(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(seed)  # noqa: S311 - reproducible
    monkeypatch.setattr(rules, "GONE_OVER_AT_ONCE", chance.choice((1, 2, 1_000)))
    monkeypatch.setattr(rules, "LOOKED_AT_AT_ONCE", chance.choice((1, 2, 1_000)))
    plans = some(chance, 3)
    worker = Partitions(Lifecycle(plans[0]), chance.randint(1, 3))
    traffic = Traffic(chance, worker)
    traffic.flow(40)
    for generation, (old, new) in enumerate(pairwise(plans), start=2):
        promote(worker, old, new, generation, traffic.now)
        traffic.flow(25)
    told, states = replayed(plans[0], worker)
    assert worker.states() == states
    assert worker.told == told


@pytest.mark.parametrize("seed", range(24))
def test_what_is_built_beside_is_the_same_whoever_computes_it_and_in_whatever_batches(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(seed)  # noqa: S311 - reproducible
    old, new = some(chance, 2)
    worker = Partitions(Lifecycle(old), chance.randint(1, 3))
    Traffic(chance, worker).flow(80)
    found = [built_beside(worker, new, most) for most in (1, 7, 1_000)]
    monkeypatch.setenv(BACKEND, "reference")
    assert found == [built_beside(worker, new, 7)] * len(found)
    assert len(found[0]) > 4


@pytest.mark.parametrize("seed", range(6))
def test_a_changelog_lost_at_any_chunk_of_a_clock_or_a_barrier_makes_nobody_told_twice(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(seed)  # noqa: S311 - reproducible
    monkeypatch.setattr(rules, "GONE_OVER_AT_ONCE", chance.choice((1, 2)))
    monkeypatch.setattr(rules, "LOOKED_AT_AT_ONCE", chance.choice((1, 2)))
    monkeypatch.setattr(folding, "ADVANCED_AT_ONCE", chance.choice((1, 2)))
    old, new = some(chance, 2)
    worker = Partitions(Lifecycle(old), 2)
    traffic = Traffic(chance, worker)
    traffic.flow(20)
    for number_of_event in range(60):
        if number_of_event == 30:
            promote(worker, old, new, 2, traffic.now)
        traffic.one()
        for _ in range(chance.randint(1, 6)):
            number = chance.randrange(2)
            worker.step(number, 5)
            if chance.random() < 0.1:
                chance.choice((worker.lose, worker.restart))(number)
    worker.run()
    told, states = replayed(old, worker)
    assert worker.told == told
    assert worker.states() == states


@pytest.mark.parametrize("seed", range(8))
def test_a_crash_at_any_chunk_of_the_way_over_repeats_and_loses_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(seed)  # noqa: S311 - reproducible
    monkeypatch.setattr(rules, "GONE_OVER_AT_ONCE", 1)
    monkeypatch.setattr(rules, "LOOKED_AT_AT_ONCE", 1)
    old, new = some(chance, 2)
    worker = Partitions(Lifecycle(old), 2)
    traffic = Traffic(chance, worker)
    traffic.flow(30)
    promote(worker, old, new, 2, traffic.now)
    promote(worker, old, new, 2, traffic.now)  # the same barrier twice
    for _ in range(200):
        number = chance.randrange(2)
        worker.step(number, 5)
        if chance.random() < 0.4:
            worker.restart(number)
    worker.run()
    told, states = replayed(old, worker)
    assert all(part.rules is not None for part in worker.parts)
    assert (worker.states(), worker.told) == (states, told)
