"""Marketing lead → engaged → MQL → SAL → SQL, and every way back."""

from __future__ import annotations

from typing import Any

import pytest

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import DAY, HOUR, Story

PLAN = load_lifecycle("engaged")
PAGE = "https://acme.example/blog/a"


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def hand_over(story: Story) -> str:
    story.tell("demo_requested", story.now)
    handoff: str = story.handoffs[-1]["handoff"]
    return handoff


def accept(story: Story) -> None:
    story.tell("handoff_accepted", story.now + HOUR, handoff=hand_over(story), actor="sam")


def test_any_action_makes_a_marketing_lead(story: Story) -> None:
    story.tell("page_view", story.now, url=PAGE)
    assert story.stage == "marketing_lead"


def test_a_contact_entered_by_hand_is_a_marketing_lead(story: Story) -> None:
    story.tell("contact_updated", story.now, profile={"industry": "software"})
    assert story.stage == "marketing_lead"


def test_the_scoring_model_finds_the_target_companies(story: Story) -> None:
    industries = next(rule for rule in PLAN.rules if rule.id == "industry")
    assert industries.points == 20_000
    story.tell("contact_updated", story.now, profile={"company_size": 50})
    assert story.changes[-1]["score"]["firmographics"] == 20_000


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("asset_download", {"asset": "white-paper.pdf"}),
        ("content_view", {"kind": "podcast"}),
        ("content_view", {"kind": "video"}),
        ("webinar_attended", {"webinar": "w1"}),
    ],
)
def test_interacting_with_content_makes_an_engaged_lead(
    story: Story, type_: str, fields: dict[str, Any]
) -> None:
    story.tell(type_, story.now, **fields)
    assert story.stage == "engaged"
    assert story.stage_changes[-1]["path"] == ["marketing_lead", "engaged"]


def test_reading_a_page_or_registering_is_not_interacting_with_content(story: Story) -> None:
    story.tell("page_view", story.now, url=PAGE)
    story.tell("webinar_registered", story.now, webinar="w1")
    story.tell("content_view", story.now, kind="infographic")
    assert story.stage == "marketing_lead"


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("demo_requested", {}),
        ("trial_signup", {"plan": "team"}),
        ("form_submitted", {"form": "contact-sales"}),
    ],
)
def test_asking_for_sales_makes_an_mql_and_hands_it_over(
    story: Story, type_: str, fields: dict[str, Any]
) -> None:
    story.tell(type_, story.now, **fields)
    assert story.stage == "mql"
    assert [one["action"] for one in story.handoffs] == ["offered"]


def test_another_form_does_not_make_an_mql(story: Story) -> None:
    story.tell("form_submitted", story.now, form="blog-comment")
    assert story.stage == "marketing_lead"


def test_an_accepted_handoff_makes_a_sal(story: Story) -> None:
    accept(story)
    assert story.stage == "sal"


def test_scheduling_a_meeting_acknowledges_the_lead_too(story: Story) -> None:
    hand_over(story)
    story.tell("meeting_scheduled", story.now + HOUR, meeting="m1")
    assert story.stage == "sal"


def test_a_rejected_handoff_goes_back_to_marketing_and_old_requests_do_not_bring_it_back(
    story: Story,
) -> None:
    story.tell(
        "handoff_rejected", story.now + HOUR, handoff=hand_over(story), reason="too early", actor="sam"
    )
    assert story.stage == "marketing_lead"
    assert story.stage_changes[-1]["reason"] == "returned by sales"
    story.tell("page_view", story.now + DAY, url=PAGE)
    assert story.stage == "marketing_lead"
    story.tell("demo_requested", story.now + DAY)
    assert story.stage == "mql"
    assert [one["action"] for one in story.handoffs].count("offered") == 2


def test_a_meeting_held_alone_or_a_deal_alone_makes_no_sql(story: Story) -> None:
    accept(story)
    story.tell("meeting_held", story.now + HOUR, meeting="m1")
    assert story.stage == "sal"
    other = Story(PLAN, "c2")
    accept(other)
    other.tell("deal_changed", other.now + HOUR, deal="d1", stage="discovery")
    assert other.stage == "sal"


def test_a_meeting_held_and_an_open_deal_make_an_sql(story: Story) -> None:
    accept(story)
    story.tell("meeting_held", story.now + HOUR, meeting="m1")
    story.tell("deal_changed", story.now + HOUR, deal="d1", stage="discovery")
    assert story.stage == "sql"


def test_a_lost_deal_goes_back_to_marketing(story: Story) -> None:
    accept(story)
    story.tell("meeting_held", story.now + HOUR, meeting="m1")
    story.tell("deal_changed", story.now + HOUR, deal="d1", stage="discovery")
    story.tell("deal_changed", story.now + DAY, deal="d1", stage="closed_lost")
    assert story.stage == "marketing_lead"
    assert story.stage_changes[-1]["reason"] == "deal lost"


def test_ninety_quiet_days_take_an_engaged_lead_back_to_the_millisecond(story: Story) -> None:
    start = story.now
    story.tell("webinar_attended", start, webinar="w1")
    story.until(start + 90 * DAY - 1)
    assert story.stage == "engaged"
    story.until(start + 90 * DAY)
    assert (story.stage, story.stage_changes[-1]["at"]) == ("marketing_lead", start + 90 * DAY)


def test_a_visit_keeps_an_engaged_lead_where_it_is(story: Story) -> None:
    start = story.now
    story.tell("webinar_attended", start, webinar="w1")
    story.tell("page_view", start + 80 * DAY, url=PAGE)
    story.until(start + 100 * DAY)
    assert story.stage == "engaged"


def test_a_year_without_a_sign_makes_it_dormant_and_a_new_action_wakes_it(story: Story) -> None:
    start = story.now
    story.tell("page_view", start, url=PAGE)
    story.until(start + 365 * DAY)
    assert story.stage == "dormant"
    story.tell("page_view", start + 366 * DAY, url=PAGE)
    assert story.stage == "marketing_lead"
    assert [one["to"] for one in story.stage_changes] == ["marketing_lead", "dormant", "marketing_lead"]
