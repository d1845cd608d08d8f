"""What holds for every history under any lifecycle file that the checker lets pass."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from processors import lifecycle
from processors.lifecycle.definition.cost import cost_of
from processors.lifecycle.definition.grammar.conditions import KINDS
from processors.lifecycle.definition.moves.exclusions import world_of
from processors.lifecycle.program import program_of
from processors.lifecycle.settle import settle
from processors.lifecycle.turn import Turn
from tests.builders.made_up_histories import ABOUT_HISTORY, BY_HAND, FIELDS, MadeUpHistory
from tests.builders.made_up_lifecycles import loaded_from, source_of
from tests.properties.test_core import END, found_at_once
from tests.properties.test_switch import check_story

if TYPE_CHECKING:
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]

seeds = st.integers(0, 1 << 32)
HISTORIES = 3  # of each file: compiling it is what takes time


def accepted(seed: int) -> tuple[Lifecycle, Plan]:
    loaded = loaded_from(seed)
    assume(loaded.plan is not None)
    assert loaded.lifecycle is not None
    assert loaded.plan is not None
    return loaded.lifecycle, loaded.plan


@settings(max_examples=150)
@given(seeds)
def test_no_move_is_missed_and_both_back_ends_agree(seed: int) -> None:
    """After each event, and at any moment after, looking at everything finds nothing more."""
    written, plan = accepted(seed)
    most, made_up = cost_of(world_of(written, plan)).state_worst, MadeUpHistory(seed, plan)
    for _ in range(HISTORIES):
        changes: list[Change] = []
        for one, contact in made_up.lived(25):
            changes += contact.tell(one)
            if goes_round(plan, contact.state):
                return
            assert found_at_once(plan, contact.state) == []
            assert len(contact.state) <= most
        changes += contact.wait(made_up.moment())
        assert found_at_once(plan, contact.state) == []
        changes += contact.wait(END)
        check_story([one for one in changes if "sequence" in one])
        for change in changes:
            check_reasons(plan, change)


def goes_round(plan: Plan, state: bytes) -> bool:
    """Tell whether moves never end: the checker looks for circles with bounded effort."""
    contact, program = lifecycle.load(plan, state), program_of(plan)
    for _ in range(3):
        turn = Turn(program=program, contact=contact, now=contact.clock, dirty=program.inputs.everything)
        settle(turn)
    return any(one["record"] == "stage_changed" for one in turn.out)


def check_reasons(plan: Plan, change: Change) -> None:
    """Parts of a score sum to it."""
    if "score" not in change:
        return
    sums = dict.fromkeys((score.id for score in plan.scores), 0)
    for part in change["why"]["score_parts"]:
        sums[part["score"]] += part["points"]
    assert change["score"] == {**sums, "total": sum(sums.values())}


@settings(max_examples=150)
@given(seeds)
def test_changes_join_and_advancing_in_many_steps_equals_advancing_in_one(seed: int) -> None:
    _written, plan = accepted(seed)
    made_up = MadeUpHistory(seed, plan)
    for _ in range(HISTORIES):
        for one, contact in made_up.lived(25):
            contact.tell(one)
        state = contact.state
        at_once = lifecycle.advance(plan, state, END)
        told: list[Change] = []
        for moment in (*sorted(made_up.moment() for _ in range(5)), END):
            state, some = lifecycle.advance(plan, state, moment)
            told += some
        assert (state, tuple(told)) == at_once


def test_the_made_up_files_and_histories_hold_what_they_are_for() -> None:
    """Every kind of condition; what comes twice, late, from the future and from others; what is refolded."""
    files = [source_of(seed) for seed in range(60)]
    assert all(any(f'"{kind}": '.encode() in file for file in files) for kind in KINDS)
    plans = [plan for seed in range(20) if (plan := loaded_from(seed).plan) is not None]
    types: set[str] = set()
    told: Counter[str] = Counter()
    for seed, plan in enumerate(plans):
        for one, contact in MadeUpHistory(seed, plan).lived(25):
            types.add(one["type"])
            told["again"] += any(one["event_id"] == other["event_id"] for other in contact.told)
            changes = contact.tell(one)
            told.update(change.get("action") or change["record"] for change in changes)
            told["late"] += any(change.get("late") for change in changes)
        facts = lifecycle.describe(plan, contact.state)
        told["future"] += facts["clamped"]
        told["merged"] += len(facts["merged"])
    assert types == {*FIELDS, *BY_HAND, *ABOUT_HISTORY}
    wanted = ("again", "late", "future", "merged", "refold_needed", "event_refused", "withdrawn", "accepted")
    assert all(told[one] for one in wanted), told
