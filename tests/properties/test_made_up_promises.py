"""What is promised of reasons, voids, merges and changes of criteria, under any file that passes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings

from processors import lifecycle
from processors.lifecycle import Barrier
from processors.lifecycle.lived import as_lived
from processors.lifecycle.merging import unite
from processors.lifecycle.plan_json import plan_from_json, plan_to_json
from processors.lifecycle.program import program_of
from tests.builders.made_up_histories import MadeUpHistory
from tests.builders.made_up_lifecycles import loaded_from
from tests.builders.story import DAY, event
from tests.properties.test_histories import told, truths, without_exits
from tests.properties.test_made_up_lifecycles import accepted, goes_round, seeds
from tests.properties.test_replay_archive import check_as_in_the_live_run

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]

NO_ENGAGEMENT = frozenset((
    "handoff_accepted", "handoff_rejected", "stage_overridden", "contact_updated", "deal_changed",
))  # fmt: skip


def engagement(plan: Plan, seed: int) -> list[Event]:
    made_up = MadeUpHistory(seed, plan).events(30)
    return [one for one in made_up if one["type"] not in NO_ENGAGEMENT]


@settings(max_examples=40)
@given(seeds)
def test_a_stage_that_is_not_entered_misses_something_in_every_way(seed: int) -> None:
    """What `why` shows as missing is missing, what it shows as points adds up; a state is read as written."""
    _written, plan = accepted(seed)
    for one, contact in MadeUpHistory(seed, plan).lived(15):
        contact.tell(one)
        assert lifecycle.dump(plan, lifecycle.load(plan, contact.state)) == contact.state
        if goes_round(plan, contact.state):
            return
        for track in lifecycle.why(plan, contact.state).values():
            for way in (way for stage in track["next"] for way in stage["ways"]):
                assert way["spent"] or not all(fact["met"] for fact in way["evidence"])
                assert way["spent"] or not way["holds"]
        facts = lifecycle.describe(plan, contact.state)
        assert facts["score"]["total"] == sum(part["points"] for part in facts["score_parts"])


@settings(max_examples=40)
@given(seeds)
def test_the_same_file_again_is_the_same_plan_and_taking_it_over_tells_nothing(seed: int) -> None:
    _written, plan = accepted(seed)
    again = loaded_from(seed).plan
    assert again == plan == plan_from_json(plan_to_json(plan))
    assert again.plan_hash == plan.plan_hash
    said = lived = b""
    for one in MadeUpHistory(seed, plan).events(10):
        said, _changes = lifecycle.apply(plan, said, one)
        lived, _changes = lifecycle.apply(again, lived, as_lived(again, one, lambda *_: b""))
        if goes_round(plan, said):
            return
        for in_place, other in ((True, said), (False, lived)):
            at = lifecycle.load(plan, said).clock
            barrier = Barrier(position=one["position"], at=at, in_place=in_place)
            assert lifecycle.switch(plan, said, again, other, barrier)[1] == ()


@settings(max_examples=40)
@given(seeds)
def test_what_is_voided_might_as_well_not_have_happened(seed: int) -> None:
    """At once, or after the contact was folded again where it asks for that."""
    plan = without_exits(accepted(seed)[1])
    history = engagement(plan, seed)
    ids = [one["event_id"] for one in history]
    voided = Random(seed).sample(ids, len(ids) // 3)  # noqa: S311 - not for secrets
    clean, contact = (
        told(plan, [one for one in history if one["event_id"] not in voided]),
        told(plan, history),
    )
    now = max(contact.clock, clean.clock)
    voids = [
        event("engagement_voided", now, event_id=f"v{number}", voids=event_id, position=1_000 + number)
        for number, event_id in enumerate(voided)
    ]
    changes = [change for void in voids for change in lifecycle.fold(plan, contact, void)]
    log = lifecycle.Log(lambda _: [*history, *voids])
    state, _ = lifecycle.refold(plan, log, keep_moves_of=lifecycle.dump(plan, contact))
    asked = any(one["record"] == "refold_needed" for one in changes)
    for one in [lifecycle.load(plan, state)] + [contact] * (not asked):
        one.first_seen, one.places = clean.first_seen, clean.places
        for later in (now, now + DAY, now + 31 * DAY) if clean.places else ():
            assert truths(plan, one, later) == truths(plan, clean, later)


@settings(max_examples=40)
@given(seeds)
def test_two_histories_united_are_the_history_of_one(seed: int) -> None:
    plan = without_exits(accepted(seed)[1])
    history = engagement(plan, seed)
    whole, one, other = told(plan, history), told(plan, history[::2]), told(plan, history[1::2], "c2")
    if other.id:
        unite(program_of(plan), one, other)
        one.places = whole.places
        for later in (whole.clock, whole.clock + 31 * DAY):
            assert truths(plan, one, later) == truths(plan, whole, later)


@settings(max_examples=10)  # each works off a log of 80 records three times
@given(seeds)
def test_a_log_folded_contact_by_contact_comes_to_what_the_live_run_made_of_it(seed: int) -> None:
    """With visitors identified, merges and their undoing, voids, answers."""
    _written, plan = accepted(seed)
    check_as_in_the_live_run(plan, seed, [1 + seed % 7, 3], 2)
