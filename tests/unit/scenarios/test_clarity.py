"""From the first visit to lead and MQL, and what does not lead there."""

from typing import Any

import pytest

from processors.lifecycle_files import read_lifecycle
from processors.strict_yaml.source import read
from tests.builders.clarity import PLAN, lead, visit
from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, WEEK, Story

SUNDAY_NIGHT = MONDAY + 6 * DAY + 15 * HOUR - 1  # the week's last millisecond


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def last_move(story: Story) -> tuple[str | None, str | None, str]:
    move = story.stage_changes[-1]
    return move["from"], move["to"], move["cause"]["criterion"]


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("page_view", {"url": "https://acme.example/"}),
        ("asset_download", {"asset": "sheet"}),
        ("form_submitted", {"form": "comment"}),
        ("email_clicked", {}),
        ("trial_signup", {}),
        ("product_used", {}),
    ],
)
def test_the_first_engagement_makes_a_lead(story: Story, type_: str, fields: dict[str, Any]) -> None:
    story.tell(type_, **fields)
    assert last_move(story) == (None, "lead", "stages.lead.enter")
    assert story.stage_changes[-1]["owner"] == "marketing"


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("email_opened", {}),
        ("webinar_registered", {"webinar": "w"}),
        ("unsubscribed", {}),
        ("contact_updated", {"profile": {"job_title": "VP", "lead_source": "referral"}}),
        ("qualified_answer", {"topic": "need"}),
        ("meeting_scheduled", {}),
        ("sales_touch", {"kind": "call"}),
    ],
)
def test_what_is_no_engagement_makes_no_lead(story: Story, type_: str, fields: dict[str, Any]) -> None:
    story.tell(type_, **fields)
    assert story.stage is None


def test_a_gated_asset_makes_an_mql(story: Story) -> None:
    story.tell("asset_download", asset="white-paper", gated=True)
    assert last_move(story) == (None, "mql", "criteria.gated_asset")
    assert story.stage_changes[-1]["path"] == ["lead", "mql"]


def test_the_newsletter_makes_an_mql(story: Story) -> None:
    story.tell("newsletter_signup")
    assert last_move(story) == (None, "mql", "criteria.signed_up_for_news")


@pytest.mark.parametrize("form", ["contact", "contact-us", "contact-sales", "talk-to-us"])
def test_a_contact_form_makes_an_mql(story: Story, form: str) -> None:
    story.tell("form_submitted", form=form)
    assert last_move(story) == (None, "mql", "criteria.asked_by_form")


@pytest.mark.parametrize("form", ["comment", "survey", "job-application", "Contact"])
def test_any_other_form_makes_a_lead_and_no_mql(story: Story, form: str) -> None:
    for _ in range(5):
        story.tell("form_submitted", form=form)
    assert story.stage == "lead"


def test_more_than_one_download_makes_an_mql_though_none_is_gated(story: Story) -> None:
    story.tell("asset_download", asset="sheet")
    assert story.stage == "lead"
    story.tell("asset_download", asset="poster")
    assert last_move(story) == ("lead", "mql", "criteria.more_downloads")


def test_the_same_asset_again_is_not_more(story: Story) -> None:
    for _ in range(5):
        story.tell("asset_download", asset="sheet")
    assert story.stage == "lead"


def test_a_webinar_that_was_attended_makes_an_mql(story: Story) -> None:
    story.tell("webinar_registered", webinar="w")
    assert story.stage is None
    story.tell("webinar_attended", webinar="w")
    assert last_move(story) == (None, "mql", "criteria.joined_webinar")


def test_three_of_four_weeks_are_regular() -> None:
    story = lead()
    visit(story, MONDAY + WEEK)
    assert story.stage == "lead"
    visit(story, MONDAY + 2 * WEEK)
    assert last_move(story) == ("lead", "mql", "criteria.regular")


def test_a_week_may_be_missed() -> None:
    story = lead()
    visit(story, MONDAY + WEEK)
    visit(story, MONDAY + 3 * WEEK)
    assert story.stage == "mql"


def test_the_fourth_week_ends_with_its_last_millisecond() -> None:
    story = lead()
    visit(story, MONDAY + WEEK)
    visit(story, SUNDAY_NIGHT + 3 * WEEK)
    assert story.stage == "mql"


def test_a_millisecond_later_the_first_week_is_no_longer_one_of_four() -> None:
    story = lead()
    visit(story, MONDAY + WEEK)
    visit(story, SUNDAY_NIGHT + 3 * WEEK + 1)
    assert story.stage == "lead"


def test_a_week_begins_on_monday_at_midnight(story: Story) -> None:
    visit(story, SUNDAY_NIGHT)
    visit(story, SUNDAY_NIGHT + 1)
    visit(story, SUNDAY_NIGHT + WEEK)
    assert story.stage == "lead"
    visit(story, SUNDAY_NIGHT + WEEK + 1)
    assert story.stage == "mql"


def test_however_much_in_two_weeks_is_not_regular() -> None:
    story = lead()
    for day in range(14):
        for hour in range(5):
            visit(story, MONDAY + day * DAY + hour * HOUR - (9 * HOUR if day else 0))
    assert story.stage == "lead"


def test_every_other_week_is_not_regular() -> None:
    story = lead()
    for week in range(0, 40, 2):
        visit(story, MONDAY + week * WEEK)
    assert story.stage == "lead"


def test_opening_e_mails_is_not_engagement_enough_to_be_regular() -> None:
    story = lead()
    for week in range(4):
        story.tell("email_opened", MONDAY + week * WEEK)
    assert story.stage == "lead"


def test_clicking_in_them_is() -> None:
    story = lead()
    for week in range(3):
        story.tell("email_clicked", MONDAY + week * WEEK)
    assert story.stage == "mql"


def test_a_late_visit_fills_the_missing_week_and_moves_at_the_clock() -> None:
    story = lead()
    visit(story, MONDAY + 3 * WEEK)
    visit(story, MONDAY + WEEK)
    move = story.stage_changes[-1]
    assert (move["to"], move["at"], move["late"]) == ("mql", MONDAY + 3 * WEEK, True)


def test_weeks_arrive_in_any_order() -> None:
    for order in ((0, 1, 3), (3, 1, 0), (1, 3, 0), (3, 0, 1)):
        story = Story(PLAN)
        for week in order:
            visit(story, MONDAY + week * WEEK)
        assert (story.stage, story.stage_changes[-1]["at"]) == ("mql", MONDAY + 3 * WEEK)


def test_a_doubled_visit_fills_no_week() -> None:
    story = Story(PLAN)
    for week in range(4):
        story.tell("page_view", MONDAY + week * WEEK, event_id="one")
    assert story.stage == "lead"


def test_a_doubled_download_is_one(story: Story) -> None:
    story.tell("asset_download", asset="sheet", event_id="one")
    story.tell("asset_download", asset="poster", event_id="one")
    assert story.stage == "lead"


def test_a_visit_from_a_future_week_happened_when_it_was_received() -> None:
    story = lead()
    visit(story, MONDAY + WEEK)
    now = MONDAY + WEEK + MINUTE
    story.tell("page_view", MONDAY + 2 * WEEK, received_at=now)
    assert story.stage == "lead"


def test_two_downloads_in_one_millisecond_are_two(story: Story) -> None:
    story.tell("asset_download", MONDAY, asset="sheet")
    story.tell("asset_download", MONDAY, asset="poster")
    assert (story.stage, story.stage_changes[-1]["at"]) == ("mql", MONDAY)


def test_each_stage_says_what_it_means_whose_it_is_and_what_they_want() -> None:
    name, data = read_lifecycle("clarity")
    file: Any = read(data, name).value
    stages = [*file["stages"], *file["tracks"]["product"]["stages"]]
    assert all(one["definition"] and one["goal"] for one in stages)
    assert [(one["id"], one["owner"]) for one in stages] == [
        ("lead", "marketing"),
        ("mql", "marketing"),
        ("sal", "sales"),
        ("sql", "sales"),
        ("opportunity", "sales"),
        ("customer", "success"),
        ("dormant", "marketing"),
        ("pql", "sales"),
    ]
