"""Criteria of the published methodologies that no walk through a preset shows: see docs/criteria.md."""

from __future__ import annotations

from typing import Any

import pytest

from processors.lifecycle import describe
from processors.lifecycle.definition.load import load
from processors.lifecycle_files import load_lifecycle, read_lifecycle
from tests.builders.story import DAY, Story

REVENUE = load_lifecycle("revenue")


@pytest.fixture
def story() -> Story:
    return Story(REVENUE)


def test_every_stage_of_revenue_has_a_written_way_in_and_out() -> None:
    ladder = [stage for stage in REVENUE.stages if not stage.detour]
    assert [stage.id for stage in ladder if stage.enter is None or not stage.leave] == []
    lifecycle = load(read_lifecycle("revenue")[1], "revenue.yaml").lifecycle
    assert lifecycle is not None
    assert [stage.id for stage in lifecycle.stages if not (stage.definition and stage.goal)] == []


def test_a_case_study_makes_an_evangelist(story: Story) -> None:
    story.tell("deal_changed", deal="d1", stage="closed_won", amount=1000)
    assert story.stage == "customer"
    story.tell("custom_event", name="case_study", properties={"title": "How we did it"})
    assert story.stage == "evangelist"


def test_a_recycled_lead_comes_back_by_the_same_criteria(story: Story) -> None:
    story.tell("demo_requested")
    story.tell("handoff_rejected", reason="timing")
    assert (story.stage, story.stage_changes[-1]["owner"]) == ("lead", "marketing")
    story.tell("demo_requested", story.now + DAY)
    assert (story.stage, story.stage_changes[-1]["cycle"]) == ("mql", 1)
    assert [one["action"] for one in story.handoffs] == ["offered", "rejected", "offered"]


Step = tuple[str, dict[str, Any]]
ANSWERS: list[Step] = [
    ("qualified_answer", {"topic": one}) for one in ("need", "challenge", "budget", "timeline")
]


@pytest.mark.parametrize(
    ("preset", "steps", "stage", "back"),
    [
        ("engaged", [("demo_requested", {})], "mql", "marketing_lead"),
        ("engaged", [("meeting_scheduled", {})], "sal", "marketing_lead"),
        ("revenue", [("demo_requested", {})], "mql", "lead"),
        ("revenue", [("sales_touch", {"kind": "call"}), *ANSWERS], "sql", "lead"),
        ("inveniv", [("demo_requested", {})], "mql", "lead"),
        ("inveniv", ANSWERS, "sql", "lead"),
    ],
)
def test_who_stops_engaging_goes_back_to_marketing_after_ninety_days_to_the_millisecond(
    preset: str, steps: list[Step], stage: str, back: str
) -> None:
    story = Story(load_lifecycle(preset))
    for type_, fields in steps:
        story.tell(type_, **fields)
    story.wait(90 * DAY - 1)
    assert story.stage == stage
    story.wait(1)
    assert (story.stage, story.stage_changes[-1]["owner"]) == (back, "marketing")


def test_a_won_deal_that_is_lost_after_all_leads_back_to_lead(story: Story) -> None:
    story.tell("deal_changed", deal="d1", stage="closed_won", amount=1000)
    story.tell("deal_changed", deal="d1", stage="closed_lost", amount=1000)
    assert (story.stage, story.stage_changes[-1]["reason"]) == ("lead", "the won deal was lost after all")


def test_lead_status_is_a_sub_state_of_the_stage(story: Story) -> None:
    story.tell("demo_requested")
    assert describe(REVENUE, story.state)["tracks"]["main"]["status"] == "new"
    story.tell("contact_updated", profile={"lead_status": "connected"})
    facts = describe(REVENUE, story.state)["tracks"]["main"]
    assert (facts["stage"], facts["status"]) == ("mql", "connected")


def test_every_change_carries_its_attribution(story: Story) -> None:
    story.tell("webinar_attended", webinar="w1", source="linkedin", campaign="spring", medium="paid")
    story.tell("demo_requested", source="google")
    first, last = (story.stage_changes[-1]["why"][touch] for touch in ("first_touch", "last_touch"))
    assert (first["source"], first["campaign"], first["medium"]) == ("linkedin", "spring", "paid")
    assert last["source"] == "google"


def test_a_stage_without_a_next_step_is_refused() -> None:
    text = read_lifecycle("revenue")[1].decode()
    way_out = "      - {goto: dormant, when: gone_quiet, reset: [engagement, counts], reason: inactive}\n"
    assert text.count("    leave:\n" + way_out) == 1
    (problem,) = [
        problem
        for problem in load(text.replace("    leave:\n" + way_out, "").encode(), "revenue.yaml").problems
        if "next step" in problem.message
    ]
    assert problem.message == "'lead' has no next step: no way out, no deadline, not terminal"
