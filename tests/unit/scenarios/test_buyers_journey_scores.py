"""Qualified by behaviour, demographics, and the score of both; what sales sees as evidence."""

import pytest

from tests.builders.buyers_journey import PLAN, SITE, deal, offer, view
from tests.builders.story import DAY, MINUTE, Story

BUYER = {"persona": "champion", "pain_point": "rust"}


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def points(story: Story) -> tuple[int, int, int]:
    score = story.changes[-1]["score"]
    return score["behaviour"], score["demographics"], score["total"]


def test_behaviour_alone_is_warm(story: Story) -> None:
    story.tell("demo_requested")
    assert (story.band["temperature"], points(story)) == ("warm", (40_000, 0, 40_000))


def test_demographics_alone_are_warm(story: Story) -> None:
    story.tell("contact_updated", profile=BUYER)
    assert (story.band["temperature"], points(story)) == ("warm", (0, 30_000, 30_000))


def test_both_together_are_hot_at_exactly_eighty(story: Story) -> None:
    story.tell("contact_updated", profile={"persona": "champion", "job_title": "Head of Sales"})
    story.tell("demo_requested")
    assert (story.band["temperature"], points(story)) == ("hot", (40_000, 40_000, 80_000))


def test_one_point_less_is_warm(story: Story) -> None:
    story.tell("contact_updated", profile={"persona": "champion", "job_title": "Head of Sales"})
    view(story, 13, every=0)  # no more than 30 points
    story.tell("email_clicked")
    story.tell("email_clicked")
    story.tell("email_clicked")
    assert story.band["temperature"] == "warm"
    story.tell("email_clicked")
    assert story.band["temperature"] == "hot"


def test_a_persona_that_does_not_buy_gives_nothing(story: Story) -> None:
    story.tell("contact_updated", profile={"persona": "student"})
    assert story.changes[-1]["score"]["demographics"] == 0


def test_free_mail_takes_points_and_demotes_nobody(story: Story) -> None:
    story.tell("demo_requested")
    story.tell("contact_updated", profile={"email_domain": "gmail.com"})
    assert (story.stage, story.band["temperature"]) == ("mql", "cold")


def test_behaviour_fades_and_demographics_stay(story: Story) -> None:
    story.tell("contact_updated", profile=BUYER | {"job_title": "Director"})
    view(story, 10, every=0)
    story.wait(60 * DAY)
    assert story.band["temperature"] == "warm"
    offer(story, "other", None)
    deal(story, "proposal")
    assert points(story) == (7_500, 50_000, 57_500)


def test_a_score_that_falls_demotes_nobody(story: Story) -> None:
    story.tell("demo_requested")
    story.wait(89 * DAY)
    assert (story.band["temperature"], story.stage) == ("cold", "mql")


def test_points_for_an_offer_are_given_once(story: Story) -> None:
    for _ in range(3):
        offer(story, "comparison", "consideration")
    assert story.stage_changes[-1]["score"]["behaviour"] == 20_000
    deal(story, "proposal")
    assert points(story)[0] == 20_000


def test_three_offers_prices_and_services_make_somebody_familiar(story: Story) -> None:
    offer(story, "guide", "awareness")
    assert story.band["familiarity"] == "new_to_us"
    offer(story, "case", "decision")
    offer(story, "sheet", None)
    assert story.band["familiarity"] == "several_offers"
    view(story, 1, url=f"{SITE}/pricing")
    assert story.band["familiarity"] == "several_offers"
    view(story, 1, MINUTE, url=f"{SITE}/services/support")
    assert story.band["familiarity"] == "familiar"


@pytest.mark.parametrize("path", ["/pricing", "/services"])
def test_offers_with_prices_or_services_alone_are_not_familiar(story: Story, path: str) -> None:
    for asset in "abc":
        offer(story, asset, None)
    view(story, 2, url=SITE + path)
    assert story.band["familiarity"] == "several_offers"


def test_prices_and_services_without_offers_are_not_familiar(story: Story) -> None:
    view(story, 5, url=f"{SITE}/pricing")
    view(story, 5, url=f"{SITE}/services")
    assert story.band["familiarity"] == "new_to_us"


def test_familiarity_is_evidence_and_no_gate(story: Story) -> None:
    deal(story, "proposal")
    assert (story.band["familiarity"], story.stage) == ("new_to_us", "opportunity")


def test_the_parts_of_a_score_sum_to_it(story: Story) -> None:
    story.tell("contact_updated", profile=BUYER | {"email_domain": "gmx.de"})
    view(story, 9)
    offer(story, "guide", "awareness")
    story.tell("demo_requested")
    (move,) = story.stage_changes
    assert sum(part["points"] for part in move["why"]["score_parts"]) == move["score"]["total"]
