"""Scores by lead source, title and e-mail engagement, and what they say to do next."""

import pytest

from tests.builders.clarity import PLAN, deal, visit
from tests.builders.story import DAY, HOUR, MONDAY, Story


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def score(story: Story, name: str) -> int:
    """Thousandths of a point, as a deal's stage change shows them now."""
    deal(story, "proposal")
    points: int = story.stage_changes[-1]["score"][name]
    return points


@pytest.mark.parametrize(("source", "points"), [("referral", 20_000), ("partner", 20_000), ("cold-list", 0)])
def test_a_good_lead_source_that_is_told_gives_points(story: Story, source: str, points: int) -> None:
    story.tell("contact_updated", profile={"lead_source": source})
    assert score(story, "source") == points


def test_a_good_source_that_is_seen_gives_points_once(story: Story) -> None:
    for _ in range(3):
        story.tell("page_view", source="partner")
    assert score(story, "source") == 10_000


def test_source_told_and_seen_is_at_most_twenty(story: Story) -> None:
    story.tell("contact_updated", profile={"lead_source": "referral"})
    story.tell("page_view", source="partner")
    assert score(story, "source") == 20_000


@pytest.mark.parametrize(
    ("title", "points"), [("VP Sales", 20_000), ("co-founder", 20_000), ("Head of IT", 20_000), ("Intern", 0)]
)
def test_a_title_that_decides_gives_points(story: Story, title: str, points: int) -> None:
    story.tell("contact_updated", profile={"job_title": title})
    assert score(story, "title") == points


def test_e_mails_opened_count_once_a_day_and_clicks_each(story: Story) -> None:
    for _ in range(3):
        story.tell("email_opened")
    story.tell("email_clicked")
    story.tell("email_clicked")
    assert score(story, "email") == 11_000


def test_an_e_mail_opened_on_the_next_day_counts_again(story: Story) -> None:
    midnight = MONDAY + 15 * HOUR
    story.tell("email_opened", midnight - 1)
    story.tell("email_opened", midnight)
    assert score(story, "email") == 2_000


def test_e_mail_engagement_halves_in_thirty_days(story: Story) -> None:
    for _ in range(8):
        story.tell("email_clicked")
    story.wait(30 * DAY)
    assert score(story, "email") == 20_000


def test_a_newer_title_replaces_the_older_one_whatever_came_first(story: Story) -> None:
    story.tell("contact_updated", MONDAY + DAY, profile={"job_title": "Intern"})
    story.tell("contact_updated", MONDAY, profile={"job_title": "VP"})
    assert score(story, "title") == 0


def test_who_is_interested_in_buying_is_ready_for_a_sales_call(story: Story) -> None:
    visit(story)
    assert story.band["next_action"] == "send_more_content"
    story.tell("outreach_replied")
    assert story.band["next_action"] == "ready_for_sales_call"


def test_a_title_and_seventy_points_are_ready_too(story: Story) -> None:
    story.tell("contact_updated", profile={"job_title": "Director", "lead_source": "event"})
    for _ in range(5):
        story.tell("email_clicked")
    assert (story.band["next_action"], story.band["engagement_level"]) == ("send_more_content", "medium")
    story.tell("email_clicked")
    assert (story.band["next_action"], story.band["engagement_level"]) == ("ready_for_sales_call", "high")


def test_seventy_points_without_the_title_want_more_content(story: Story) -> None:
    story.tell("contact_updated", profile={"lead_source": "event"})
    for index in range(6):
        story.tell("webinar_attended", webinar=f"w{index}")
    assert (story.band["engagement_level"], story.band["next_action"]) == ("high", "send_more_content")


def test_points_that_fade_ask_for_more_content_again_and_demote_nobody(story: Story) -> None:
    story.tell("contact_updated", profile={"job_title": "Director", "lead_source": "event"})
    story.tell("newsletter_signup")
    for _ in range(6):
        story.tell("email_clicked")
    story.wait(DAY)
    assert (story.band["next_action"], story.stage) == ("send_more_content", "mql")


def test_the_parts_of_a_score_sum_to_it(story: Story) -> None:
    story.tell("contact_updated", profile={"job_title": "Director", "lead_source": "event"})
    visit(story, path="/blog/one")
    story.tell("email_opened")
    story.tell("asset_download", asset="e-book", gated=True)
    move = story.stage_changes[-1]
    assert sum(part["points"] for part in move["why"]["score_parts"]) == move["score"]["total"]
