"""Deals: stages that follow from them, and what a deal that is lost or reopened does."""

from decimal import Decimal
from typing import Any

import pytest

from processors import lifecycle
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, MONDAY, Story

DEALS = plan_of(
    stages(
        "id: lead, enter: {did: {what: view}}",
        "id: opportunity, enter: {deal: open}, leave: [{goto: lost, when: {deal: all_lost}}]",
        "id: big, enter: {deal: {amount: {gte: 100000}, stage: {ne: discovery}}},"
        " leave: [{goto: lost, when: {deal: all_lost}}]",
        "id: customer, enter: {deal: won}",
        "id: lost, detour: true, leave: [{goto: lead, after: 180d, reset: [counts], reason: recycled}]",
    )
)


def deal(story: Story, name: str, stage: str, at: int, amount: str | None = None) -> list[dict[str, Any]]:
    exact = None if amount is None else Decimal(amount)
    return story.tell("deal_changed", at, deal=name, stage=stage, amount=exact, currency="EUR")


def test_any_open_deal_makes_an_opportunity_and_any_won_one_a_customer() -> None:
    story = Story(DEALS)
    deal(story, "A", "discovery", MONDAY)
    assert story.stage == "opportunity"
    deal(story, "B", "closed_won", MONDAY + 1)
    assert story.stage == "customer"


def test_only_when_every_deal_is_lost_the_contact_is() -> None:
    story = Story(DEALS)
    deal(story, "A", "discovery", MONDAY)
    deal(story, "B", "proposal", MONDAY + 1)
    deal(story, "A", "closed_lost", MONDAY + 2)
    assert story.stage == "opportunity"
    deal(story, "B", "closed_lost", MONDAY + 3)
    assert story.stage == "lost"


def test_a_reopened_deal_leads_out_of_lost_and_cancels_the_timer() -> None:
    story = Story(DEALS)
    deal(story, "A", "discovery", MONDAY)
    deal(story, "A", "closed_lost", MONDAY + DAY)
    (move,) = deal(story, "A", "negotiation", MONDAY + 100 * DAY)
    assert (move["from"], move["to"], move["path"]) == ("lost", "opportunity", ["opportunity"])
    assert story.until(MONDAY + 400 * DAY) == []


def test_a_lost_contact_is_recycled_after_the_set_time_into_a_new_cycle() -> None:
    story = Story(DEALS)
    deal(story, "A", "discovery", MONDAY)
    deal(story, "A", "closed_lost", MONDAY + DAY)
    (move,) = story.until(MONDAY + 200 * DAY)
    assert (move["to"], move["at"], move["reason"], move["cycle"]) == (
        "lead",
        MONDAY + 181 * DAY,
        "recycled",
        1,
    )


@pytest.mark.parametrize(
    ("amount", "stage"), [("99999.999", "opportunity"), ("100000", "big"), (None, "opportunity")]
)
def test_tests_on_a_deal_are_exact(amount: str | None, stage: str) -> None:
    story = Story(DEALS)
    deal(story, "A", "proposal", MONDAY, amount)
    assert story.stage == stage


def test_an_older_word_about_a_deal_does_not_replace_a_newer_one() -> None:
    story = Story(DEALS)
    deal(story, "A", "closed_won", MONDAY + DAY)
    deal(story, "A", "discovery", MONDAY)
    assert lifecycle.describe(DEALS, story.state)["deals"]["A"]["stage"] == "closed_won"
