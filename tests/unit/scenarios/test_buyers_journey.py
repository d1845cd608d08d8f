"""Ways into the first stage, MQL, and what does not lead there."""

from typing import Any

import pytest

from tests.builders.buyers_journey import PLAN, PRODUCT, SITE, mql, offer, view
from tests.builders.story import DAY, HOUR, MINUTE, Story


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def way_in(story: Story) -> tuple[str, str]:
    move = story.stage_changes[-1]
    return move["to"], move["cause"]["criterion"]


def test_ten_product_views_in_two_weeks_make_an_mql(story: Story) -> None:
    view(story, 9)
    assert story.stage is None
    view(story, 1)
    assert way_in(story) == ("mql", "criteria.product_interest")


def test_the_tenth_view_counts_when_the_first_is_one_millisecond_less_than_two_weeks_old(
    story: Story,
) -> None:
    start = story.now
    view(story, 9, MINUTE)
    story.tell("page_view", start + 14 * DAY - 1, url=PRODUCT)
    assert story.stage == "mql"


def test_the_tenth_view_does_not_count_when_the_first_is_exactly_two_weeks_old(story: Story) -> None:
    start = story.now
    view(story, 9, MINUTE)
    story.tell("page_view", start + 14 * DAY, url=PRODUCT)
    assert story.stage is None


def test_the_tenth_view_does_not_count_one_millisecond_after_two_weeks(story: Story) -> None:
    start = story.now
    view(story, 9, MINUTE)
    story.tell("page_view", start + 14 * DAY + 1, url=PRODUCT)
    assert story.stage is None


def test_the_window_moves_on_with_the_views(story: Story) -> None:
    start = story.now
    view(story, 9, MINUTE)
    story.tell("page_view", start + 14 * DAY, url=PRODUCT)
    story.tell("page_view", start + 14 * DAY + MINUTE - 1, url=PRODUCT)
    assert story.stage == "mql"


def test_nine_views_every_two_weeks_never_make_an_mql(story: Story) -> None:
    for _ in range(6):
        view(story, 9, MINUTE)
        story.wait(14 * DAY)
    assert story.stage is None


def test_products_and_projects_pages_count_together(story: Story) -> None:
    view(story, 5)
    view(story, 5, url=f"{SITE}/projects/bridge")
    assert story.stage == "mql"


@pytest.mark.parametrize("path", ["/products", "/products/", "/products/a/b/c", "/products/a?utm=x#top"])
def test_every_page_under_products_counts(story: Story, path: str) -> None:
    view(story, 10, url=SITE + path)
    assert story.stage == "mql"


@pytest.mark.parametrize(
    "path", ["/", "/blog/products/anvil", "/productsheet", "/Products/anvil", "/?p=/products/"]
)
def test_views_of_other_pages_do_not_count(story: Story, path: str) -> None:
    view(story, 20, url=SITE + path)
    assert story.stage is None


@pytest.mark.parametrize("path", ["/pricing", "/services/support"])
def test_prices_and_services_are_evidence_and_make_no_mql(story: Story, path: str) -> None:
    view(story, 20, url=SITE + path)
    assert story.stage is None


def test_two_different_awareness_offers_make_an_mql(story: Story) -> None:
    offer(story, "guide", "awareness")
    assert story.stage is None
    offer(story, "checklist", "awareness")
    assert way_in(story) == ("mql", "criteria.awareness_offers")


def test_one_awareness_offer_is_one_however_often_it_is_downloaded(story: Story) -> None:
    for _ in range(10):
        offer(story, "guide", "awareness", story.now + HOUR)
    assert story.stage is None


def test_awareness_offers_count_however_far_apart(story: Story) -> None:
    offer(story, "guide", "awareness")
    offer(story, "checklist", "awareness", story.now + 365 * DAY)
    assert story.stage == "mql"


def test_one_consideration_offer_makes_an_mql(story: Story) -> None:
    offer(story, "comparison", "consideration")
    assert way_in(story) == ("mql", "criteria.considering")


@pytest.mark.parametrize("stage", ["decision", None])
def test_offers_for_another_stage_or_for_none_make_no_mql(story: Story, stage: str | None) -> None:
    for asset in "abc":
        offer(story, asset, stage)
    assert story.stage is None


@pytest.mark.parametrize(
    "form", ["demo", "demo-request", "buying-guide", "quote", "pricing", "contact-sales", "free-consultation"]
)
def test_a_sales_ready_form_makes_an_mql(story: Story, form: str) -> None:
    story.tell("form_submitted", form=form)
    assert way_in(story) == ("mql", "criteria.asked_for_sales")


def test_a_demo_request_makes_an_mql_without_a_form(story: Story) -> None:
    story.tell("demo_requested")
    assert way_in(story) == ("mql", "criteria.asked_for_sales")


@pytest.mark.parametrize("form", ["newsletter", "comment", "contact", "job-application", "Demo", "demo2", ""])
def test_any_other_form_does_not_count(story: Story, form: str) -> None:
    for _ in range(10):
        story.tell("form_submitted", form=form)
    assert story.stage is None


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("email_opened", {}),
        ("email_clicked", {}),
        ("newsletter_signup", {}),
        ("webinar_registered", {"webinar": "w"}),
        ("webinar_attended", {"webinar": "w"}),
        ("content_view", {}),
        ("trial_signup", {}),
        ("product_used", {}),
        ("unsubscribed", {}),
        ("sales_touch", {"kind": "qualified"}),
        ("meeting_scheduled", {}),
        ("contact_updated", {"profile": {"persona": "champion", "job_title": "VP"}}),
    ],
)
def test_nothing_else_makes_an_mql(story: Story, type_: str, fields: dict[str, Any]) -> None:
    for _ in range(3):
        story.tell(type_, **fields)
    assert story.stage is None


def test_a_score_alone_makes_no_mql(story: Story) -> None:
    story.tell("contact_updated", profile={"persona": "champion", "pain_point": "rust", "job_title": "VP"})
    for webinar in "abcd":
        story.tell("webinar_attended", webinar=webinar)
    assert (story.band["temperature"], story.stage) == ("hot", None)


def test_becoming_mql_is_awareness_marketing_owns_and_sales_is_asked() -> None:
    story = mql()
    (move,) = story.stage_changes
    (offered,) = story.handoffs
    assert (move["owner"], move["next_deadline"]) == ("marketing", story.now + 4 * HOUR)
    assert (offered["action"], offered["to"]) == ("offered", "sales")


def test_an_mql_who_qualifies_again_changes_nothing() -> None:
    story = mql()
    view(story, 10, MINUTE)
    offer(story, "comparison", "consideration")
    story.tell("demo_requested")
    assert (len(story.stage_changes), len(story.handoffs)) == (1, 1)
