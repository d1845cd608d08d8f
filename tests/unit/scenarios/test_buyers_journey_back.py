"""Ways back: returned by sales, gone quiet, deal lost; and forward again."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders.buyers_journey import PLAN, deal, mql, offer, opportunity, sal, sql, view
from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, Story


def last_move(story: Story) -> tuple[str | None, str | None, str | None]:
    move = story.stage_changes[-1]
    return move["from"], move["to"], move["reason"]


def returned() -> Story:
    """An MQL by behaviour of several kinds that sales has sent back."""
    story = Story(PLAN)
    view(story, 10, MINUTE)
    offer(story, "guide", "awareness")
    offer(story, "checklist", "awareness")
    story.tell("contact_updated", profile={"persona": "champion"})
    story.tell("handoff_rejected", actor="sam", reason="no budget")
    return story


def test_an_mql_that_sales_rejects_goes_to_nurture() -> None:
    story = returned()
    assert last_move(story) == ("mql", "nurture", "returned by sales")
    assert (story.handoffs[-1]["action"], story.handoffs[-1]["reason"]) == ("rejected", "no budget")


def test_nurture_belongs_to_marketing_and_a_new_cycle_begins() -> None:
    move = returned().stage_changes[-1]
    assert (move["owner"], move["cycle"]) == ("marketing", 1)


def test_what_was_counted_before_a_return_counts_no_more_but_who_they_are_does() -> None:
    assert returned().stage_changes[-1]["score"] == {
        "behaviour": 0,
        "demographics": 20_000,
        "total": 20_000,
    }


def test_old_engagement_does_not_lead_out_of_nurture() -> None:
    story = returned()
    view(story, 9, MINUTE)
    offer(story, "guide", "awareness")
    assert story.stage == "nurture"


def test_the_same_criterion_met_anew_leads_out_of_nurture() -> None:
    story = returned()
    story.wait(HOUR)
    view(story, 10, MINUTE)
    assert last_move(story) == ("nurture", "mql", None)
    assert story.stage_changes[-1]["path"] == ["mql"]
    assert story.handoffs[-1]["action"] == "offered"


def test_an_offer_downloaded_again_after_the_return_counts_again() -> None:
    story = returned()
    story.wait(HOUR)
    offer(story, "guide", "awareness")
    offer(story, "checklist", "awareness")
    assert story.stage == "mql"


def test_a_late_view_from_before_the_return_counts_no_more() -> None:
    story = returned()
    story.wait(HOUR)
    view(story, 9, MINUTE)
    story.tell("page_view", MONDAY, url="https://acme.example/products/late")
    assert story.stage == "nurture"


def test_the_next_hand_off_is_another_one() -> None:
    story = returned()
    story.tell("demo_requested", story.now + HOUR)
    offers = [one for one in story.handoffs if one["action"] == "offered"]
    assert (len({one["handoff"] for one in offers}), [one["cycle"] for one in offers]) == (2, [0, 1])


def test_an_acceptance_before_the_return_does_not_make_a_sal_afterwards() -> None:
    story = sal()
    story.wait(90 * DAY)
    story.tell("demo_requested")
    assert story.stage == "mql"


def test_a_meeting_agreed_before_the_return_does_not_make_an_sql_afterwards() -> None:
    story = sql()
    story.wait(90 * DAY)
    story.tell("demo_requested")
    story.tell("handoff_accepted")
    assert story.stage == "sal"


@pytest.mark.parametrize(("come", "stage"), [(mql, "mql"), (sal, "sal"), (sql, "sql")])
def test_ninety_days_without_engagement_are_gone_quiet(come: Callable[[], Story], stage: str) -> None:
    story = come()
    story.wait(90 * DAY - 1)
    assert story.stage == stage
    story.wait(1)
    assert last_move(story) == (stage, "nurture", "inactive")
    assert story.stage_changes[-1]["at"] == MONDAY + 90 * DAY


def test_time_that_passes_in_one_step_goes_quiet_at_the_same_moment() -> None:
    story = mql()
    story.wait(300 * DAY)
    assert story.stage_changes[-1]["at"] == MONDAY + 90 * DAY


def test_an_event_far_later_finds_the_contact_gone_quiet_before_it() -> None:
    story = mql()
    story.tell("demo_requested", MONDAY + 91 * DAY)
    moves = [(one["to"], one["at"] - MONDAY) for one in story.stage_changes]
    assert moves == [("mql", 0), ("nurture", 90 * DAY), ("mql", 91 * DAY)]


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("page_view", {"url": "https://acme.example/products/anvil"}),
        ("page_view", {"url": "https://acme.example/pricing"}),
        ("page_view", {"url": "https://acme.example/services/support"}),
        ("asset_download", {"asset": "guide"}),
        ("form_submitted", {"form": "quote"}),
        ("demo_requested", {}),
        ("meeting_scheduled", {}),
        ("webinar_attended", {"webinar": "w"}),
        ("email_clicked", {}),
    ],
)
def test_engagement_a_millisecond_before_ninety_days_starts_them_anew(
    type_: str, fields: dict[str, Any]
) -> None:
    story = mql()
    story.tell(type_, MONDAY + 90 * DAY - 1, **fields)
    story.until(MONDAY + 180 * DAY - 2)
    assert story.stage == "mql"
    story.wait(1)
    assert story.stage == "nurture"


def test_engagement_at_exactly_ninety_days_comes_too_late() -> None:
    story = mql()
    story.tell("email_clicked", MONDAY + 90 * DAY)
    assert story.stage == "nurture"


@pytest.mark.parametrize("type_", ["email_opened", "unsubscribed", "newsletter_signup", "contact_updated"])
def test_what_is_no_engagement_does_not_keep_anybody(type_: str) -> None:
    story = mql()
    story.tell(type_, MONDAY + 80 * DAY)
    story.until(MONDAY + 90 * DAY)
    assert story.stage == "nurture"


def test_a_late_view_keeps_an_mql_as_long_as_if_it_had_come_in_time() -> None:
    story = mql()
    story.until(MONDAY + 60 * DAY)
    story.tell("page_view", MONDAY + 30 * DAY, url="https://acme.example/products/anvil")
    story.until(MONDAY + 120 * DAY)
    assert story.stage_changes[-1]["at"] == MONDAY + 120 * DAY


def test_an_unanswered_hand_off_is_withdrawn_when_its_contact_goes_quiet() -> None:
    story = mql()
    story.wait(90 * DAY)
    assert (story.handoffs[-1]["action"], story.handoffs[-1]["at"]) == ("withdrawn", MONDAY + 90 * DAY)


def test_an_opportunity_does_not_go_quiet() -> None:
    story = opportunity()
    story.wait(300 * DAY)
    assert story.stage == "opportunity"


def test_a_lost_deal_leads_to_nurture() -> None:
    story = opportunity()
    deal(story, "closed_lost")
    assert last_move(story) == ("opportunity", "nurture", "deal lost")


def test_one_of_two_deals_lost_changes_nothing() -> None:
    story = opportunity()
    deal(story, "proposal", "B")
    deal(story, "closed_lost")
    assert story.stage == "opportunity"
    deal(story, "closed_lost", "B")
    assert story.stage == "nurture"


def test_one_of_two_deals_won_keeps_the_contact_when_the_other_is_lost() -> None:
    story = opportunity()
    deal(story, "closed_won", "B")
    deal(story, "closed_lost")
    assert story.stage == "opportunity"


def test_a_reopened_deal_leads_back_and_can_be_lost_again() -> None:
    story = opportunity()
    for stage in ("closed_lost", "proposal", "closed_lost"):
        story.wait(DAY)
        deal(story, stage)
    assert [one["to"] for one in story.stage_changes][-4:] == [
        "opportunity",
        "nurture",
        "opportunity",
        "nurture",
    ]


def test_a_deal_lost_and_another_won_keep_a_nurtured_contact_there() -> None:
    story = opportunity()
    deal(story, "closed_lost")
    deal(story, "closed_won", "B")
    assert story.stage == "nurture"


def test_nurture_lasts_until_a_criterion_is_met_anew() -> None:
    story = returned()
    assert story.wait(1_000 * DAY) == []
    story.tell("demo_requested")
    assert story.stage == "mql"
