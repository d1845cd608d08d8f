"""Late, doubled, shuffled, simultaneous events and wrong clocks on the way to MQL."""

import pytest

from tests.builders.buyers_journey import PLAN, PRODUCT, offer, view
from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, Story


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def test_a_late_tenth_view_counts_and_moves_at_the_clock(story: Story) -> None:
    view(story, 9)
    clock = story.now
    (move,) = (one for one in story.tell("page_view", MONDAY + MINUTE, url=PRODUCT) if "track" in one)
    assert (move["to"], move["at"], move["late"]) == ("mql", clock, True)


def test_a_late_view_that_is_two_weeks_old_does_not_count(story: Story) -> None:
    view(story, 9, MINUTE)
    story.tell("page_view", story.now - 14 * DAY, url=PRODUCT)
    assert story.stage is None


def test_a_late_view_that_is_one_millisecond_younger_than_two_weeks_counts(story: Story) -> None:
    view(story, 9, MINUTE)
    story.tell("page_view", story.now - 14 * DAY + 1, url=PRODUCT)
    assert story.stage == "mql"


def test_ten_views_that_had_expired_when_the_last_arrived_make_no_mql(story: Story) -> None:
    view(story, 9, MINUTE)
    story.tell("email_clicked", MONDAY + 30 * DAY)
    story.tell("page_view", MONDAY + HOUR, url=PRODUCT)
    assert story.stage is None


def test_a_late_offer_is_the_second_one(story: Story) -> None:
    offer(story, "guide", "awareness")
    offer(story, "checklist", "awareness", MONDAY - 100 * DAY)
    assert (story.stage, story.stage_changes[-1]["late"]) == ("mql", True)


def test_the_order_of_arrival_does_not_matter() -> None:
    orders = ([*range(10)], [*reversed(range(10))], [5, 0, 9, 1, 8, 2, 7, 3, 6, 4])
    stages = set()
    for order in orders:
        story = Story(PLAN)
        for hour in order:
            story.tell("page_view", MONDAY + hour * HOUR, url=PRODUCT)
        stages.add((story.stage, story.stage_changes[-1]["at"]))
    assert stages == {("mql", MONDAY + 9 * HOUR)}


def test_ten_views_in_the_same_millisecond_are_ten(story: Story) -> None:
    view(story, 10, every=0)
    assert (story.stage, story.stage_changes[-1]["at"]) == ("mql", MONDAY)


def test_a_doubled_event_counts_once(story: Story) -> None:
    for _ in range(20):
        story.tell("page_view", url=PRODUCT, event_id="one")
    assert story.stage is None


def test_one_id_from_two_sources_is_two_events(story: Story) -> None:
    for index in range(5):
        story.tell("page_view", url=PRODUCT, event_id=f"v{index}", source="web")
        story.tell("page_view", url=PRODUCT, event_id=f"v{index}", source="app")
    assert story.stage == "mql"


def test_a_doubled_demo_request_offers_once(story: Story) -> None:
    for _ in range(2):
        story.tell("demo_requested", event_id="one")
    assert (len(story.stage_changes), len(story.handoffs)) == (1, 1)


def test_a_record_read_twice_changes_nothing(story: Story) -> None:
    story.tell("demo_requested")
    before = story.state
    story.position -= 1
    assert (story.tell("demo_requested", event_id="another"), story.state) == ([], before)


def test_a_view_from_the_future_happened_when_it_was_received(story: Story) -> None:
    view(story, 9, every=0)
    story.tell("page_view", MONDAY + 20 * DAY, url=PRODUCT, received_at=MONDAY)
    (move,) = story.stage_changes
    assert (move["to"], move["at"]) == ("mql", MONDAY)
    assert "limits.future_skew" in [one["path"] for one in move["why"]["evidence"]]


def test_a_clock_that_is_five_minutes_fast_is_believed(story: Story) -> None:
    story.tell("demo_requested", MONDAY + 5 * MINUTE, received_at=MONDAY)
    assert story.stage_changes[-1]["at"] == MONDAY + 5 * MINUTE


def test_a_clock_that_is_a_millisecond_faster_than_that_is_not(story: Story) -> None:
    story.tell("demo_requested", MONDAY + 5 * MINUTE + 1, received_at=MONDAY)
    assert story.stage_changes[-1]["at"] == MONDAY


def test_a_voided_view_makes_it_nine_again(story: Story) -> None:
    view(story, 9)
    story.tell("engagement_voided", voids="e0", reason="a bot")
    view(story, 1)
    assert story.stage is None
    view(story, 1)
    assert story.stage == "mql"


def test_an_mql_by_voided_engagement_is_none_and_its_hand_off_is_withdrawn(story: Story) -> None:
    view(story, 1)
    story.tell("form_submitted", form="demo", event_id="spam")
    story.tell("engagement_voided", voids="spam", reason="a test")
    assert (story.stage, story.handoffs[-1]["action"]) == (None, "withdrawn")
