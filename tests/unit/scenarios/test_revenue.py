"""Subscriber → lead → MQL → SQL → opportunity → customer → evangelist; ways out and recycling."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import DAY, HOUR, Story

PLAN = load_lifecycle("revenue")
PRICING = "https://acme.example/pricing/plans"
GOOD_FIT = {"job_title": "VP Operations", "industry": "software", "company_size": 200}
TOPICS = ("need", "challenge", "budget", "timeline")


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def deal(story: Story, stage: str, **fields: Any) -> None:  # noqa: ANN401 - any field of a deal
    exact = {"deal": "d1", "amount": Decimal(5_000), "currency": "EUR", **fields}
    story.tell("deal_changed", story.now + HOUR, stage=stage, **exact)


def qualify(story: Story) -> None:
    story.tell("sales_touch", story.now + HOUR, kind="call", actor="sam")
    for topic in TOPICS:
        story.tell("qualified_answer", story.now + HOUR, topic=topic, answer="yes", actor="sam")


def test_opting_in_makes_a_subscriber_without_intent(story: Story) -> None:
    story.tell("newsletter_signup", story.now)
    story.tell("email_clicked", story.now + HOUR, campaign="c", link="l")
    assert story.stage == "subscriber"


def test_opting_out_ends_the_subscription_and_opting_in_again_renews_it(story: Story) -> None:
    story.tell("newsletter_signup", story.now)
    story.tell("unsubscribed", story.now + DAY)
    assert (story.stage, story.stage_changes[-1]["reason"]) == ("unsubscribed", "opted out")
    story.tell("newsletter_signup", story.now + DAY)
    assert story.stage == "subscriber"


@pytest.mark.parametrize(
    ("type_", "fields"),
    [("asset_download", {"asset": "guide"}), ("webinar_attended", {"webinar": "w1"})],
)
def test_a_meaningful_action_makes_a_lead(story: Story, type_: str, fields: dict[str, Any]) -> None:
    story.tell("newsletter_signup", story.now)
    story.tell(type_, story.now + HOUR, **fields)
    assert story.stage == "lead"


def test_the_score_threshold_makes_an_mql_from_data_alone(story: Story) -> None:
    story.tell("contact_updated", story.now, profile={**GOOD_FIT, "company_size": 10})
    story.tell("asset_download", story.now, asset="guide")
    assert (story.stage, story.changes[-1]["score"]["total"]) == ("lead", 50_000)
    story.tell("asset_download", story.now, asset="report")
    assert (story.stage, story.changes[-1]["score"]["total"]) == ("mql", 60_000)


@pytest.mark.parametrize(("last", "stage"), [(7 * DAY - 1, "mql"), (7 * DAY, None)])
def test_three_looks_at_the_prices_within_seven_days_make_an_mql(
    story: Story, last: int, stage: str | None
) -> None:
    start = story.now
    for after in (0, HOUR, last):
        story.tell("page_view", start + after, url=PRICING)
    assert story.stage == stage


def test_raising_a_hand_makes_an_mql_and_offers_it_once(story: Story) -> None:
    story.tell("demo_requested", story.now)
    story.tell("demo_requested", story.now + HOUR)
    assert story.stage == "mql"
    assert [one["action"] for one in story.handoffs] == ["offered"]


def test_a_free_mail_address_counts_against_the_fit(story: Story) -> None:
    story.tell("contact_updated", story.now, profile={**GOOD_FIT, "email_domain": "gmail.com"})
    assert story.changes[-1]["score"]["fit"] == 35_000
    assert story.stage is None


def test_sales_returning_it_recycles_the_contact_into_a_new_cycle(story: Story) -> None:
    story.tell("demo_requested", story.now)
    answer = {"handoff": story.handoffs[0]["handoff"], "reason": "no budget", "actor": "sam"}
    story.tell("handoff_rejected", story.now + HOUR, **answer)
    back = story.stage_changes[-1]
    assert (back["to"], back["reason"], back["cycle"]) == ("lead", "returned by sales", 1)
    story.tell("email_clicked", story.now + DAY, campaign="c", link="l")
    assert story.stage == "lead"
    story.tell("demo_requested", story.now + DAY)
    assert story.stage == "mql"


def test_four_answers_without_a_real_contact_make_no_sql(story: Story) -> None:
    story.tell("demo_requested", story.now)
    for topic in TOPICS:
        story.tell("qualified_answer", story.now + HOUR, topic=topic, answer="yes")
    assert story.stage == "mql"


def test_a_call_and_four_answers_make_an_sql(story: Story) -> None:
    story.tell("demo_requested", story.now)
    qualify(story)
    assert story.stage == "sql"


def test_a_call_a_need_and_the_ideal_profile_make_an_sql(story: Story) -> None:
    story.tell("demo_requested", story.now)
    story.tell("contact_updated", story.now, profile=GOOD_FIT)
    story.tell("sales_touch", story.now + HOUR, kind="call", actor="sam")
    assert story.stage == "mql"
    story.tell("qualified_answer", story.now + HOUR, topic="need", answer="yes", actor="sam")
    assert story.stage == "sql"


def test_a_mailing_is_no_real_contact(story: Story) -> None:
    story.tell("demo_requested", story.now)
    story.tell("sales_touch", story.now + HOUR, kind="mailing", actor="sam")
    for topic in TOPICS:
        story.tell("qualified_answer", story.now, topic=topic, answer="yes", actor="sam")
    assert story.stage == "mql"


def test_sales_sends_a_not_ready_sql_back(story: Story) -> None:
    story.tell("demo_requested", story.now)
    qualify(story)
    story.tell("sales_touch", story.now + DAY, kind="not-ready", actor="sam")
    assert (story.stage, story.stage_changes[-1]["reason"]) == ("lead", "returned by sales")


def test_a_deal_needs_an_amount_to_be_an_opportunity(story: Story) -> None:
    deal(story, "discovery", amount=None)
    assert story.stage is None
    deal(story, "discovery")
    assert story.stage == "opportunity"


def test_a_lost_deal_goes_back_to_lead(story: Story) -> None:
    deal(story, "discovery")
    deal(story, "closed_lost")
    assert (story.stage, story.stage_changes[-1]["reason"]) == ("lead", "deal lost")


def test_a_won_deal_that_is_reopened_is_an_opportunity_again(story: Story) -> None:
    deal(story, "closed_won")
    assert story.stage == "customer"
    deal(story, "negotiation")
    assert story.stage == "opportunity"


def test_a_customer_who_refers_is_an_evangelist_for_a_year_to_the_millisecond(story: Story) -> None:
    deal(story, "closed_won")
    story.tell("referral_made", story.now + DAY)
    referred = story.now
    assert story.stage == "evangelist"
    story.until(referred + 365 * DAY - 1)
    assert story.stage == "evangelist"
    story.until(referred + 365 * DAY)
    assert story.stage == "customer"


def test_a_lead_that_stops_engaging_for_ninety_days_is_dormant(story: Story) -> None:
    start = story.now
    story.tell("asset_download", start, asset="guide")
    story.until(start + 90 * DAY - 1)
    assert story.stage == "lead"
    story.until(start + 90 * DAY)
    assert story.stage == "dormant"


def test_a_contact_that_lacks_required_fields_is_listed_as_incomplete(story: Story) -> None:
    story.tell("contact_updated", story.now, profile=GOOD_FIT)
    assert story.band["record"] == "incomplete"
    story.tell("contact_updated", story.now, profile={"country": "DE", "lead_source": "web"})
    assert story.band["record"] == "complete"
