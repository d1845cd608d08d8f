"""Late, doubled, out of order, from the future, at the same time: the same under every preset."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import Any

import pytest

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, Story, event

Step = tuple[str, dict[str, Any]]
PRODUCT = "https://acme.example/products/anvil"
DEAL = {"deal": "d1", "stage": "proposal", "amount": 1000}
# For each preset: what leads to a stage, in any order, and that stage.
WALKS: dict[str, tuple[str, list[Step]]] = {
    "clarity": (
        "sal",
        [
            ("page_view", {"url": PRODUCT}),
            ("newsletter_signup", {}),
            ("demo_requested", {}),
            ("email_clicked", {}),
        ],
    ),
    "buyers-journey": (
        "mql",
        [
            ("page_view", {"url": PRODUCT}),
            ("asset_download", {"asset": "a", "buying_stage": "awareness"}),
            ("asset_download", {"asset": "b", "buying_stage": "awareness"}),
            ("email_clicked", {}),
        ],
    ),
    "engaged": (
        "sql",
        [
            ("asset_download", {"asset": "a"}),
            ("demo_requested", {}),
            ("meeting_held", {}),
            ("deal_changed", DEAL),
        ],
    ),
    "revenue": (
        "sql",
        [
            ("webinar_attended", {"webinar": "w"}),
            ("sales_touch", {"kind": "call"}),
            ("contact_updated", {"profile": {"industry": "finance", "company_size": 99}}),
            ("qualified_answer", {"topic": "need"}),
        ],
    ),
    "inveniv": (
        "sql",
        [
            ("form_submitted", {"form": "contact"}),
            ("qualified_answer", {"topic": "need"}),
            ("qualified_answer", {"topic": "timeline"}),
            ("qualified_answer", {"topic": "budget"}),
        ],
    ),
}


@pytest.fixture(params=WALKS)
def preset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


plan_of = cache(load_lifecycle)


def story_of(preset: str) -> Story:
    return Story(plan_of(preset))


def test_steps_at_the_same_millisecond_lead_there_in_any_order(preset: str) -> None:
    stage, steps = WALKS[preset]
    for order in permutations(steps):
        story = story_of(preset)
        for type_, fields in order:
            story.tell(type_, MONDAY, **fields)
        assert story.stage == stage


def test_steps_that_arrive_out_of_order_lead_there_and_say_so(preset: str) -> None:
    stage, steps = WALKS[preset]
    for order in permutations(range(len(steps))):
        story = story_of(preset)
        for count, step in enumerate(order):
            type_, fields = steps[step]
            late = step < max(order[:count], default=-1)
            for change in story.tell(type_, MONDAY + step * HOUR, **fields):
                assert (change["at"] <= story.now, change["late"]) == (True, late)
        assert story.stage == stage


def test_a_redelivery_changes_nothing(preset: str) -> None:
    _, steps = WALKS[preset]
    story = story_of(preset)
    for type_, fields in steps:
        story.tell(type_, story.now + MINUTE, **fields)
    state = story.state
    for number, (type_, fields) in enumerate(steps):
        assert story.tell(type_, story.now + MINUTE, **{**fields, "event_id": f"e{number}"}) == []
    assert story.state == state


def test_a_late_step_counts_and_moves_at_the_clock(preset: str) -> None:
    stage, steps = WALKS[preset]
    story = story_of(preset)
    for type_, fields in steps[1:]:
        story.tell(type_, MONDAY, **fields)
    story.until(MONDAY + DAY)
    type_, fields = steps[0]
    for change in story.tell(type_, MONDAY - HOUR, **fields):
        assert (change["at"], change["late"]) == (MONDAY + DAY, True)
    assert story.stage == stage


def test_a_time_in_the_future_is_taken_back_to_when_it_was_received(preset: str) -> None:
    _, steps = WALKS[preset]
    story = story_of(preset)
    type_, fields = steps[0]
    told = event(type_, MONDAY + 300 * DAY, **fields, event_id="e0", received_at=MONDAY)
    for change in story.apply({**told, "position": 0}):
        assert change["at"] == MONDAY
        assert "limits.future_skew" in [one["path"] for one in change["why"]["evidence"]]
