"""Ways back: returned by sales, gone quiet, deal lost, dormant; and forward again."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders.clarity import TOPICS, answer, customer, deal, lead, mql, opportunity, sal, sql, visit
from tests.builders.story import DAY, HOUR, MONDAY, WEEK, Story


def last_move(story: Story) -> tuple[str | None, str | None, str | None]:
    move = story.stage_changes[-1]
    return move["from"], move["to"], move["reason"]


def returned() -> Story:
    story = sal()
    story.tell("contact_updated", profile={"lead_source": "referral", "job_title": "VP"})
    story.tell("handoff_rejected", actor="sam", reason="too small")
    return story


def test_a_sal_that_sales_rejects_is_a_lead_again() -> None:
    story = returned()
    assert last_move(story) == ("sal", "lead", "returned by sales")
    assert (story.stage_changes[-1]["owner"], story.stage_changes[-1]["cycle"]) == ("marketing", 1)


def test_after_a_return_content_counts_no_more_but_who_they_are_does() -> None:
    score = returned().stage_changes[-1]["score"]
    assert score == {"source": 20_000, "title": 20_000, "email": 0, "content": 0, "total": 40_000}


def test_after_a_return_nothing_old_leads_up() -> None:
    story = returned()
    visit(story, story.now + HOUR)
    story.tell("asset_download", asset="e-book")
    assert story.stage == "lead"


@pytest.mark.parametrize(
    ("type_", "fields", "stage"),
    [
        ("asset_download", {"asset": "e-book", "gated": True}, "mql"),
        ("newsletter_signup", {}, "mql"),
        ("demo_requested", {}, "sal"),
        ("outreach_replied", {}, "sal"),
    ],
)
def test_after_a_return_the_same_criteria_lead_up_when_met_anew(
    type_: str, fields: dict[str, Any], stage: str
) -> None:
    story = returned()
    story.tell(type_, story.now + HOUR, **fields)
    assert story.stage == stage


def test_after_a_return_weeks_are_counted_anew() -> None:
    story = returned()
    visit(story, MONDAY + WEEK)
    visit(story, MONDAY + 2 * WEEK)
    assert story.stage == "lead"
    visit(story, MONDAY + 3 * WEEK)
    assert story.stage == "mql"


def test_after_a_return_answers_are_asked_anew() -> None:
    story = sal()
    answer(story, *TOPICS[:3])
    story.tell("handoff_rejected", reason="not now")
    answer(story, "timeline")
    assert story.stage == "lead"
    answer(story, *TOPICS[:3])
    assert story.stage == "sql"


def test_the_next_demo_request_is_offered_anew() -> None:
    story = returned()
    story.tell("demo_requested", story.now + DAY)
    assert [one["action"] for one in story.handoffs] == ["offered", "rejected", "offered"]
    assert len({one["handoff"] for one in story.handoffs}) == 2


@pytest.mark.parametrize(("come", "stage"), [(mql, "mql"), (sal, "sal"), (sql, "sql")])
def test_ninety_days_without_a_sign_of_life_lead_back_to_lead(come: Callable[[], Story], stage: str) -> None:
    story = come()
    story.until(MONDAY + 90 * DAY - 1)
    assert story.stage == stage
    story.wait(1)
    assert last_move(story) == (stage, "lead", "inactive")
    assert story.stage_changes[-1]["at"] == MONDAY + 90 * DAY


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("page_view", {"url": "https://acme.example/"}),
        ("asset_download", {"asset": "sheet"}),
        ("webinar_attended", {"webinar": "w"}),
        ("form_submitted", {"form": "comment"}),
        ("email_clicked", {}),
        ("product_used", {}),
        ("qualified_answer", {"topic": "need"}),
    ],
)
def test_a_sign_of_life_a_millisecond_before_ninety_days_starts_them_anew(
    type_: str, fields: dict[str, Any]
) -> None:
    story = mql()
    story.tell(type_, MONDAY + 90 * DAY - 1, **fields)
    story.until(MONDAY + 180 * DAY - 2)
    assert story.stage == "mql"
    story.wait(1)
    assert last_move(story) == ("mql", "lead", "inactive")


@pytest.mark.parametrize("type_", ["email_opened", "unsubscribed", "contact_updated", "sales_touch"])
def test_what_is_no_sign_of_life_keeps_nobody(type_: str) -> None:
    story = mql()
    story.tell(type_, MONDAY + 89 * DAY)
    story.until(MONDAY + 90 * DAY)
    assert story.stage == "lead"


def test_a_visit_at_exactly_ninety_days_comes_too_late() -> None:
    story = mql()
    visit(story, MONDAY + 90 * DAY)
    assert story.stage == "lead"


def test_who_went_quiet_and_comes_back_with_a_demo_request_is_a_sal_at_once() -> None:
    story = mql()
    story.tell("demo_requested", MONDAY + 100 * DAY)
    moves = [(one["to"], one["at"] - MONDAY) for one in story.stage_changes][-2:]
    assert moves == [("lead", 90 * DAY), ("sal", 100 * DAY)]


def test_a_late_visit_keeps_an_mql_until_ninety_days_after_it() -> None:
    story = mql()
    story.until(MONDAY + 60 * DAY)
    visit(story, MONDAY + 10 * DAY)
    story.until(MONDAY + 100 * DAY - 1)
    assert story.stage == "mql"
    story.wait(1)
    assert story.stage == "lead"


def test_a_lead_is_dormant_half_a_year_after_its_last_sign_of_life() -> None:
    story = lead()
    story.until(MONDAY + 180 * DAY - 1)
    assert story.stage == "lead"
    story.wait(1)
    assert last_move(story) == ("lead", "dormant", "inactive")


def test_a_lead_that_was_more_is_dormant_half_a_year_after_it_fell_back() -> None:
    story = mql()
    story.wait(400 * DAY)
    moves = [(one["to"], one["at"] - MONDAY) for one in story.stage_changes][-2:]
    assert moves == [("lead", 90 * DAY), ("dormant", 270 * DAY)]


def test_any_engagement_wakes_a_dormant_lead() -> None:
    story = lead()
    story.wait(200 * DAY)
    visit(story)
    assert last_move(story) == ("dormant", "lead", None)


def test_a_visit_that_finds_its_lead_dormant_wakes_it() -> None:
    story = lead()
    visit(story, MONDAY + 200 * DAY)
    moves = [(one["to"], one["at"] - MONDAY) for one in story.stage_changes]
    assert moves == [("lead", 0), ("dormant", 180 * DAY), ("lead", 200 * DAY)]


def test_a_dormant_lead_that_asks_for_a_demo_is_a_sal() -> None:
    story = lead()
    story.wait(200 * DAY)
    story.tell("demo_requested")
    assert story.stage_changes[-1]["path"] == ["lead", "mql", "sal"]


def test_dormant_lasts() -> None:
    story = lead()
    story.wait(180 * DAY)
    assert story.wait(1_000 * DAY) == []


def test_an_opportunity_does_not_go_quiet() -> None:
    story = opportunity()
    story.wait(400 * DAY)
    assert story.stage == "opportunity"


def test_a_lost_deal_leads_back_to_lead() -> None:
    story = opportunity()
    deal(story, "closed_lost")
    assert last_move(story) == ("opportunity", "lead", "deal lost")


def test_one_of_two_deals_lost_changes_nothing() -> None:
    story = opportunity()
    deal(story, "proposal", "B")
    deal(story, "closed_lost")
    assert story.stage == "opportunity"
    deal(story, "closed_lost", "B")
    assert story.stage == "lead"


def test_a_reopened_deal_leads_up_again() -> None:
    story = opportunity()
    deal(story, "closed_lost")
    story.wait(DAY)
    deal(story, "proposal")
    assert last_move(story) == ("lead", "opportunity", None)


def test_a_customer_whose_won_deal_is_taken_back_stays_one() -> None:
    story = customer()
    deal(story, "closed_lost")
    assert story.stage == "customer"
