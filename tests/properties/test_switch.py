"""Whatever happened to a contact, and whichever definition it goes to: the story that it told stays whole."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from processors import lifecycle
from processors.lifecycle import Barrier
from processors.lifecycle.lived import as_lived
from processors.lifecycle_files import load_lifecycle, presets
from tests.builders import both
from tests.builders.histories import events
from tests.builders.lifecycles import sooner
from tests.builders.story import DAY, MONDAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]

PLANS = {name: (load_lifecycle(name), sooner(name)) for name in presets()}
plans = st.sampled_from(sorted(PLANS)).flatmap(lambda name: st.sampled_from(PLANS[name]))
siblings = st.sampled_from(sorted(PLANS)).flatmap(lambda name: st.permutations(PLANS[name]))
pairs = siblings | st.tuples(plans, plans)
OUTPUTS = ("stage_changed", "segment_changed", "mql_handoff", "membership_changed")
SAID = ("sequence", "since", "from", "why", "score", "next_deadline", "late")


def without_handoffs(plan: Plan) -> Plan:
    """Reminders and deadlines follow from when a hand-off was sent: from what was said."""
    return replace(plan, stages=tuple(replace(stage, handoff=None) for stage in plan.stages))


def live(plan: Plan, state: bytes, history: list[Event], *, anew: bool = False) -> tuple[bytes, list[Change]]:
    changes: list[Change] = []
    for event in history:
        understood = as_lived(plan, event, lambda *_: b"") if anew else event
        state, told = lifecycle.apply(plan, state, understood)
        changes += told
    return state, [one for one in changes if one["record"] in OUTPUTS]


def switch(old: Plan, said: bytes, new: Plan, history: list[Event], at: int) -> tuple[bytes, list[Change]]:
    lived, _ = live(new, b"", history, anew=True)
    barrier = Barrier(position=history[-1]["position"], at=at, in_place=False)
    state, changes = both.switch(old, said, new, lived, barrier)
    return state, list(changes)


def check_story(changes: list[Change]) -> None:
    """Sequences without gaps, each `from` the `to` before, no hand-off offered twice or after its end."""
    by_kind: dict[str, list[Change]] = defaultdict(list)
    places: dict[tuple[str, str], str | None] = {}
    open_: set[str] = set()
    seen: set[str] = set()
    for change in changes:
        by_kind[change["record"]].append(change)
        if change["record"] == "mql_handoff":
            if change["action"] == "offered":
                assert change["handoff"] not in seen
                open_.add(change["handoff"])
                seen.add(change["handoff"])
            assert change["handoff"] in open_
            if change["action"] in {"withdrawn", "accepted", "rejected", "expired"}:
                open_.remove(change["handoff"])
        elif change["record"] != "membership_changed":
            where = change["record"], change.get("track") or change["segment"]
            assert change["from"] == places.get(where)
            places[where] = change["to"]
    for told in by_kind.values():
        assert [one["sequence"] for one in told] == list(range(1, len(told) + 1))
        assert all(one["at"] <= other["at"] for one, other in pairwise(told))


@given(st.data(), pairs, events(most=30), st.tuples(st.booleans()))
def test_the_story_told_is_whole_there_and_back_again(
    data: st.DataObject, both_plans: Sequence[Plan], history: list[Event], ways: tuple[bool]
) -> None:
    first, second = both_plans
    cuts = sorted(data.draw(st.lists(st.integers(1, len(history)), min_size=2, max_size=2)))
    state, changes = live(first, b"", history[: cuts[0]])
    old, new, start = first, second, cuts[0]
    for end in (cuts[1], len(history)):
        if ways[0]:  # the only other plan of the same shape there is
            new = old
            barrier = Barrier(position=history[start - 1]["position"], at=MONDAY, in_place=True)
            state, told = both.switch(old, state, new, state, barrier)
            changes += told
        else:
            state, corrections = switch(old, state, new, history[:start], MONDAY)
            changes += corrections
        state, told_later = live(new, state, history[start:end])
        changes += told_later
        old, new, start = new, old, end
    check_story(changes)
    hashes = {first.plan_hash, second.plan_hash}
    assert all(cause_of(one) is None or one["plan_hash"] in hashes for one in changes)


@given(st.data(), pairs, events(most=30))
def test_afterwards_a_contact_goes_on_like_one_that_always_lived_under_the_new_definition(
    data: st.DataObject, both_plans: Sequence[Plan], history: list[Event]
) -> None:
    old, new = map(without_handoffs, both_plans)
    cut = data.draw(st.integers(1, len(history)))
    at = MONDAY + data.draw(st.integers(0, 900)) * DAY
    said, _ = live(old, b"", history[:cut])
    state, corrections = switch(old, said, new, history[:cut], at)
    other, _ = live(new, b"", history[:cut], anew=True)
    other, _ = lifecycle.advance(new, other, lifecycle.load(new, state).clock)
    (_, later), (_, native) = live(new, state, history[cut:]), live(new, other, history[cut:])
    assert list(map(decided, later)) == list(map(decided, native))
    end = max(at, MONDAY) + 2_000 * DAY
    waits = [lifecycle.advance(new, live(new, one, history[cut:])[0], end)[1] for one in (state, other)]
    assert list(map(decided, waits[0])) == list(map(decided, waits[1]))
    moves = (one for one in corrections if one["record"] != "membership_changed")
    assert all(cause_of(one) == old.plan_hash for one in moves)


def cause_of(change: Change) -> str | None:
    """Plan hash of the definition that a change puts an end to; what a company is told of names no cause."""
    found: str | None = change["cause"]["criteria_change"] if "cause" in change else None
    return found


def decided(change: Change) -> Change:
    """Leave out what depends on what was said before."""
    return {name: value for name, value in change.items() if name not in SAID}
