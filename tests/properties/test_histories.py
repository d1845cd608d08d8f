"""Voids, merges and refolds against a contact to whom it never happened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from processors import lifecycle
from processors.lifecycle.merging import unite
from processors.lifecycle.program import program_of
from processors.lifecycle_files import load_lifecycle, presets
from tests.builders.histories import ENGAGEMENT, events
from tests.builders.story import DAY, MONDAY, event

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]

END = MONDAY + 800 * DAY


def without_exits(plan: Plan) -> Plan:
    """No moves back, so no resets: only what is counted matters here."""
    return replace(plan, stages=tuple(replace(stage, leave=()) for stage in plan.stages))


PLANS = {name: without_exits(load_lifecycle(name)) for name in presets()}
plans = st.sampled_from(sorted(PLANS)).map(PLANS.__getitem__)


def told(plan: Plan, history: list[Event], contact_id: str = "c1") -> Contact:
    contact = lifecycle.load(plan, b"")
    for one in history:
        lifecycle.fold(plan, contact, {**one, "contact_id": contact_id})
    return contact


def truths(plan: Plan, contact: Contact, now: int) -> tuple[object, ...]:
    """Every condition of every stage and band, and every score, at a moment."""
    program = program_of(plan)
    contact.reading = contact.fit = None
    held = [one.check.holds(contact, now) for one in program.alternatives]
    bands = [one.at(contact, now) for one in program.segments]
    return held, bands, program.board.read(contact, now).scores


@given(st.data(), plans, events(only=ENGAGEMENT))
def test_what_is_voided_might_as_well_not_have_happened(
    data: st.DataObject, plan: Plan, history: list[Event]
) -> None:
    voided = data.draw(st.sets(st.sampled_from([one["event_id"] for one in history]), max_size=8))
    clean = told(plan, [one for one in history if one["event_id"] not in voided])
    contact, asked = told(plan, history), False
    now = max(contact.clock, clean.clock)
    for number, event_id in enumerate(sorted(voided)):
        void = event("engagement_voided", now, event_id=f"v{number}", voids=event_id, position=1_000 + number)
        changes = lifecycle.fold(plan, contact, void)
        asked = asked or any(one["record"] == "refold_needed" for one in changes)
    contact.first_seen, contact.places = clean.first_seen, clean.places
    if not asked and clean.places:
        for later in (now, now + DAY, now + 31 * DAY):
            assert truths(plan, contact, later) == truths(plan, clean, later)


@given(st.data(), plans, events(only=ENGAGEMENT, most=40))
def test_a_refold_leaves_what_a_contact_has_to_whom_it_never_happened(
    data: st.DataObject, plan: Plan, history: list[Event]
) -> None:
    voided = data.draw(st.sets(st.sampled_from([one["event_id"] for one in history])))
    kept = [one for one in history if one["event_id"] not in voided]
    clean, contact = told(plan, kept), told(plan, history)
    now = max(contact.clock, clean.clock)
    voids = [
        event("engagement_voided", now, event_id=f"v{number}", voids=event_id, position=1_000 + number)
        for number, event_id in enumerate(sorted(voided))
    ]
    for void in voids:
        lifecycle.fold(plan, contact, void)
    state, _ = lifecycle.refold(
        plan, lifecycle.Log(lambda _: [*history, *voids]), keep_moves_of=lifecycle.dump(plan, contact)
    )
    again = lifecycle.load(plan, state)
    again.first_seen, again.places = clean.first_seen, clean.places
    if clean.places:
        for later in (now, now + DAY, now + 31 * DAY):
            assert truths(plan, again, later) == truths(plan, clean, later)


@given(st.data(), plans, events(only=ENGAGEMENT, most=40))
def test_two_histories_united_are_the_history_of_one(
    data: st.DataObject, plan: Plan, history: list[Event]
) -> None:
    mine = data.draw(st.sets(st.sampled_from([one["event_id"] for one in history])))
    whole = told(plan, history)
    one = told(plan, [event_ for event_ in history if event_["event_id"] in mine])
    other = told(plan, [event_ for event_ in history if event_["event_id"] not in mine], "c2")
    if not one.id or not other.id:
        return
    unite(program_of(plan), one, other)
    one.places = whole.places
    for later in (whole.clock, whole.clock + 31 * DAY, END):
        assert truths(plan, one, later) == truths(plan, whole, later)
    assert (one.first_touch, one.last_touch, one.first_seen) == (
        whole.first_touch,
        whole.last_touch,
        whole.first_seen,
    )
