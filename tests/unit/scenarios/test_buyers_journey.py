import pytest

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import DAY, HOUR, MINUTE, Story

PLAN = load_lifecycle("buyers-journey")
PRODUCT = "https://acme.example/products/anvil"


@pytest.fixture
def story() -> Story:
    return Story(PLAN)


def view(story: Story, times: int, every: int = HOUR) -> None:
    for index in range(times):
        story.tell("page_view", story.now + (every if index else 0), url=PRODUCT)


def test_ten_product_views_in_two_weeks_make_an_mql(story: Story) -> None:
    view(story, 9)
    assert story.stage is None
    view(story, 1)
    assert story.stage == "mql"


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


def test_views_of_other_pages_do_not_count(story: Story) -> None:
    for _ in range(20):
        story.tell("page_view", url="https://acme.example/blog/products/anvil")
    assert story.stage is None
