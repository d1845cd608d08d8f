"""What holds for every history under every preset."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processors import lifecycle
from processors.lifecycle.plan_json import plan_from_json, plan_to_json
from processors.lifecycle.program import program_of
from processors.lifecycle.settle import settle
from processors.lifecycle.turn import Turn
from processors.lifecycle_files import load_lifecycle, presets
from schemas.codec import decode_trusted, encode
from tests.builders.histories import ENGAGEMENT, MOMENTS, events
from tests.builders.story import DAY, HOUR, MONDAY, event

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]

PLANS = {name: load_lifecycle(name) for name in presets()}
plans = st.sampled_from(sorted(PLANS)).map(PLANS.__getitem__)
COPIES = {name: plan_from_json(plan_to_json(plan)) for name, plan in PLANS.items()}
END = MONDAY + 800 * DAY


def told(plan: Plan, history: list[Event]) -> tuple[bytes, list[Change]]:
    """Through the bytes of the state at every step."""
    state = b""
    changes: list[Change] = []
    for one in history:
        state, some = lifecycle.apply(plan, state, one)
        changes += some
    return state, changes


@given(plans, events())
def test_events_delivered_again_change_nothing(plan: Plan, history: list[Event]) -> None:
    once, _ = told(plan, history)
    changes: list[Change] = []
    state = once
    for one in history:
        state, some = lifecycle.apply(plan, state, one)
        changes += some
    assert (state, changes) == (once, [])


@given(plans, events())
def test_events_published_twice_change_nothing(plan: Plan, history: list[Event]) -> None:
    once, _ = told(plan, history)
    again = [{**one, "position": one["position"] + len(history)} for one in history]
    changes: list[Change] = []
    state = once
    for one in again:
        state, some = lifecycle.apply(plan, state, one)
        changes += some
    assert (state, changes) == (once, [])


@given(plans, events())
def test_every_move_starts_where_the_last_one_ended(plan: Plan, history: list[Event]) -> None:
    state, changes = told(plan, history)
    _, more = lifecycle.advance(plan, state, END)
    at: dict[str, str | None] = {}
    for change in [*changes, *more]:
        key = change.get("track") or change.get("segment")
        if key is not None:
            assert change["from"] == at.get(key)
            at[key] = change["to"]


@given(plans, events())
def test_sequences_have_no_gaps_and_times_never_go_back(plan: Plan, history: list[Event]) -> None:
    state, changes = told(plan, history)
    _, more = lifecycle.advance(plan, state, END)
    every = [one for one in [*changes, *more] if "sequence" in one]
    for record in ("stage_changed", "segment_changed", "mql_handoff", "membership_changed"):
        numbers = [one["sequence"] for one in every if one["record"] == record]
        assert numbers == list(range(1, len(numbers) + 1))
    times = [one["at"] for one in every]
    assert times == sorted(times)


@given(plans, events())
def test_parts_of_a_score_sum_to_it(plan: Plan, history: list[Event]) -> None:
    state, changes = told(plan, history)
    _, more = lifecycle.advance(plan, state, END)
    for change in [*changes, *more]:
        if "score" in change:
            sums = dict.fromkeys((score.id for score in plan.scores), 0)
            for part in change["why"]["score_parts"]:
                sums[part["score"]] += part["points"]
            assert change["score"] == {**sums, "total": sum(sums.values())}


@given(plans, events(), st.lists(MOMENTS))
def test_advancing_in_many_steps_equals_advancing_in_one(
    plan: Plan, history: list[Event], steps: list[int]
) -> None:
    state, _ = told(plan, history)
    at_once = lifecycle.advance(plan, state, END)
    changes: list[Change] = []
    for step in [*sorted(steps), END]:
        state, some = lifecycle.advance(plan, state, step)
        changes += some
    assert (state, tuple(changes)) == at_once


@given(plans, events())
def test_timers_that_an_event_fires_and_timers_that_fired_before_it_are_the_same(
    plan: Plan, history: list[Event]
) -> None:
    state = b""
    changes: list[Change] = []
    for one in history:
        state, some = lifecycle.advance(plan, state, min(one["occurred_at"], one["received_at"] or END))
        state, more = lifecycle.apply(plan, state, one)
        changes += [*some, *more]
    assert changes == told(plan, history)[1]


@given(plans, events())
def test_a_batch_in_memory_equals_one_event_at_a_time(plan: Plan, history: list[Event]) -> None:
    contact = lifecycle.load(plan, b"")
    changes = [change for one in history for change in lifecycle.fold(plan, contact, one)]
    assert (lifecycle.dump(plan, contact), changes) == told(plan, history)


@given(st.data(), st.sampled_from(sorted(PLANS)), events())
def test_the_same_log_gives_the_same_bytes_whatever_the_batches_and_whoever_reads_it(
    data: st.DataObject, name: str, history: list[Event]
) -> None:
    """Another worker: a plan read from the log, states loaded wherever its batches happen to begin."""
    begins = data.draw(st.sets(st.integers(1, len(history))))
    elsewhere = COPIES[name]
    contact = lifecycle.load(elsewhere, b"")
    changes: list[Change] = []
    for number, one in enumerate(history):
        if number in begins:
            contact = lifecycle.load(elsewhere, lifecycle.dump(elsewhere, contact))
        changes += lifecycle.fold(elsewhere, contact, one)
    assert (lifecycle.dump(elsewhere, contact), changes) == told(PLANS[name], history)


@given(plans, events(), MOMENTS)
def test_no_move_is_missed_between_two_timers(plan: Plan, history: list[Event], moment: int) -> None:
    """Looking at everything at any moment finds nothing that the timers have not."""
    state, _ = told(plan, history)
    state, _ = lifecycle.advance(plan, state, moment)
    assert found_at_once(plan, state) == []


@given(plans, events())
def test_timers_fire_at_the_first_millisecond_at_which_they_can(plan: Plan, history: list[Event]) -> None:
    state, _ = told(plan, history)
    _, changes = lifecycle.advance(plan, state, END)
    for at in {change["at"] for change in changes}:
        before, _ = lifecycle.advance(plan, state, at - 1)
        assert found_at_once(plan, before) == []


def found_at_once(plan: Plan, state: bytes) -> list[Change]:
    """What looking at everything finds, at the contact's clock."""
    contact, program = lifecycle.load(plan, state), program_of(plan)
    turn = Turn(program=program, contact=contact, now=contact.clock, dirty=program.inputs.everything)
    settle(turn)
    return turn.out


def accumulated(contact: Contact) -> tuple[object, ...]:
    """Everything that counts, without what records the order of arrival."""
    distinct = {
        (kind, index, value): seen.entry
        for kind, by_index in (("counter", contact.distinct), ("rule", contact.values))
        for index, values in by_index.items()
        for value, seen in values.items()
    }
    return (
        contact.newest, contact.horizons, distinct, contact.periods, contact.tallies, contact.sums,
        contact.stamps, contact.capped, contact.first_seen, contact.last_counted, contact.first_touch,
        contact.last_touch, contact.clock,
    )  # fmt: skip


def without_resets(plan: Plan) -> Plan:
    stages = tuple(replace(stage, leave=()) for stage in plan.stages)
    return replace(plan, stages=stages)


LADDERS = {name: without_resets(plan) for name, plan in PLANS.items()}


@given(st.data(), st.sampled_from(sorted(LADDERS)), events(only=ENGAGEMENT))
def test_accumulators_do_not_depend_on_the_order_of_arrival(
    data: st.DataObject, name: str, history: list[Event]
) -> None:
    plan = LADDERS[name]
    order = data.draw(st.permutations(history))
    shuffled = [{**told_, "position": position} for position, told_ in enumerate(order)]
    one, other = lifecycle.load(plan, b""), lifecycle.load(plan, b"")
    for in_order in history:
        lifecycle.fold(plan, one, in_order)
    for out_of_order in shuffled:
        lifecycle.fold(plan, other, out_of_order)
    assert accumulated(one) == accumulated(other)
    program = program_of(plan)
    assert program.board.read(one, END) == program.board.read(other, END)


@settings(max_examples=20)
@given(st.integers(2, 40), st.permutations(range(300)))
def test_more_events_than_are_kept_still_do_not_depend_on_the_order(every: int, order: list[int]) -> None:
    plan = LADDERS["full"]
    history = next_to_each_other(every)
    one, other = lifecycle.load(plan, b""), lifecycle.load(plan, b"")
    for position, index in enumerate(range(300)):
        lifecycle.fold(plan, one, {**history[index], "position": position})
    for position, index in enumerate(order):
        lifecycle.fold(plan, other, {**history[index], "position": position})
    assert accumulated(one) == accumulated(other)


def next_to_each_other(every: int) -> list[Event]:
    """300 events, so many tenths of an hour apart: more than any counter or rule keeps."""
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("page_view", {"url": "/x/pricing"}),
        ("form_submitted", {"form": "demo"}),
        ("asset_download", {"asset": "a", "buying_stage": "awareness", "gated": True}),
    )
    told = []
    for index in range(300):
        type_, fields = kinds[index % 3]
        told.append(event(type_, MONDAY + index * every * HOUR // 10, event_id=f"e{index}", **fields))
    return told


@given(plans, events())
def test_every_output_is_written_and_read_back_as_its_schema_says(plan: Plan, history: list[Event]) -> None:
    state, changes = told(plan, history)
    _, more = lifecycle.advance(plan, state, END)
    for change in [*changes, *more]:
        if "sequence" in change:
            assert decode_trusted(encode(change)) == change
