"""Subscriber → lead → MQL → SQL → opportunity → customer → evangelist; closed-lost and back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import DAY, HOUR, Story

PLAN = load_lifecycle("inveniv")
PRODUCT = "https://acme.example/products/anvil"


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def deal(story: Story, stage: str, after: int = HOUR, amount: int | None = 9_000, name: str = "d1") -> None:
    exact = None if amount is None else Decimal(amount)
    story.tell("deal_changed", story.now + after, deal=name, stage=stage, amount=exact, currency="EUR")


def lead(story: Story) -> None:
    story.tell("page_view", story.now, url=PRODUCT)
    story.tell("form_submitted", story.now, form="guide")


def test_following_the_news_makes_a_subscriber(story: Story) -> None:
    story.tell("newsletter_signup", story.now)
    assert story.stage == "subscriber"


def test_exploring_products_and_a_form_make_a_lead(story: Story) -> None:
    story.tell("page_view", story.now, url=PRODUCT)
    assert story.stage is None
    story.tell("form_submitted", story.now, form="guide")
    assert story.stage == "lead"


def test_a_form_without_a_look_at_products_makes_no_lead(story: Story) -> None:
    story.tell("form_submitted", story.now, form="guide")
    assert story.stage is None


def test_a_lead_is_cold_warm_or_hot_by_engagement(story: Story) -> None:
    story.tell("page_view", story.now, url=PRODUCT)
    assert story.band["temperature"] == "cold"
    story.tell("webinar_attended", story.now, webinar="w1")
    story.tell("email_clicked", story.now, campaign="c", link="l")
    assert story.band["temperature"] == "warm"
    story.tell("demo_requested", story.now)
    assert story.band["temperature"] == "hot"


def test_a_hot_contact_cools_by_itself(story: Story) -> None:
    story.tell("demo_requested", story.now)
    story.tell("webinar_attended", story.now, webinar="w1")
    story.tell("webinar_attended", story.now, webinar="w2")
    assert story.band["temperature"] == "hot"
    story.wait(14 * DAY)
    assert story.band["temperature"] == "warm"
    story.wait(14 * DAY)
    assert story.band["temperature"] == "cold"


def test_an_inquiry_qualifies_itself(story: Story) -> None:
    story.tell("form_submitted", story.now, form="contact")
    assert story.stage == "mql"
    assert [one["action"] for one in story.handoffs] == ["offered"]


def test_a_rejected_inquiry_goes_back_to_lead(story: Story) -> None:
    story.tell("form_submitted", story.now, form="contact")
    answer = {"handoff": story.handoffs[0]["handoff"], "reason": "student", "actor": "sam"}
    story.tell("handoff_rejected", story.now + HOUR, **answer)
    assert (story.stage, story.stage_changes[-1]["reason"]) == ("lead", "returned by sales")


def test_demand_timeline_and_budget_make_an_sql_and_two_of_them_do_not(story: Story) -> None:
    for topic in ("need", "timeline"):
        story.tell("qualified_answer", story.now + HOUR, topic=topic, answer="yes")
    assert story.stage is None
    story.tell("qualified_answer", story.now + HOUR, topic="budget", answer="9000")
    assert story.stage == "sql"


def test_a_deal_without_a_defined_budget_is_no_opportunity(story: Story) -> None:
    deal(story, "discussion", amount=None)
    assert story.stage is None
    deal(story, "discussion", amount=1)
    assert story.stage == "opportunity"


def test_a_won_deal_makes_a_customer_and_a_referral_an_evangelist(story: Story) -> None:
    deal(story, "proposal")
    deal(story, "closed_won")
    assert story.stage == "customer"
    story.tell("referral_made", story.now + DAY)
    assert story.stage == "evangelist"


@pytest.mark.parametrize("name", ["co_marketing", "partnership"])
def test_joint_marketing_and_partnerships_make_an_evangelist_too(story: Story, name: str) -> None:
    deal(story, "closed_won")
    story.tell("custom_event", story.now + DAY, name=name)
    assert story.stage == "evangelist"


def test_a_referral_by_somebody_who_never_bought_makes_no_evangelist(story: Story) -> None:
    story.tell("referral_made", story.now)
    assert story.stage is None


def test_ninety_days_after_a_lost_deal_the_contact_is_a_lead_again(story: Story) -> None:
    deal(story, "proposal")
    deal(story, "closed_lost")
    lost_at = story.now
    assert story.stage == "closed_lost"
    story.until(lost_at + 90 * DAY - 1)
    assert story.stage == "closed_lost"
    story.until(lost_at + 90 * DAY)
    last = story.stage_changes[-1]
    assert (last["to"], last["at"], last["cycle"]) == ("lead", lost_at + 90 * DAY, 1)


def test_a_deal_reopened_within_ninety_days_cancels_the_way_back(story: Story) -> None:
    deal(story, "proposal")
    deal(story, "closed_lost")
    deal(story, "negotiation", after=30 * DAY)
    assert story.stage == "opportunity"
    story.wait(100 * DAY)
    assert story.stage == "opportunity"


def test_one_lost_deal_of_two_changes_nothing(story: Story) -> None:
    deal(story, "proposal", name="d1")
    deal(story, "proposal", name="d2")
    deal(story, "closed_lost", name="d1")
    assert story.stage == "opportunity"
    deal(story, "closed_lost", name="d2")
    assert story.stage == "closed_lost"


def test_a_quiet_lead_becomes_dormant_and_a_new_inquiry_wakes_it(story: Story) -> None:
    lead(story)
    story.wait(90 * DAY)
    assert story.stage == "dormant"
    story.tell("form_submitted", story.now + DAY, form="contact")
    assert story.stage == "mql"
