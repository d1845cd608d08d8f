"""Every window of every preset: one millisecond before its edge, exactly at it, one millisecond after it."""

from __future__ import annotations

from typing import Any

import pytest

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import DAY, HOUR, MONDAY, Story

Step = tuple[str, dict[str, Any]]

DEMO: Step = ("demo_requested", {})
VISIT: Step = ("page_view", {"url": "/products/a"})
WON: Step = ("deal_changed", {"deal": "d1", "stage": "closed_won", "amount": 1000})
LOST: Step = ("deal_changed", {"deal": "d1", "stage": "closed_lost", "amount": 1000})
OPEN: Step = ("deal_changed", {"deal": "d1", "stage": "proposal", "amount": 1000})

SPELLS = [  # preset, steps, then quiet for; the stage until then, and the one from then on
    ("buyers-journey", [DEMO], 90 * DAY, "mql", "nurture"),
    ("clarity", [("newsletter_signup", {})], 90 * DAY, "mql", "lead"),
    ("clarity", [VISIT], 180 * DAY, "lead", "dormant"),
    ("engaged", [DEMO], 90 * DAY, "mql", "marketing_lead"),
    ("engaged", [VISIT], 365 * DAY, "marketing_lead", "dormant"),
    ("revenue", [DEMO], 90 * DAY, "mql", "lead"),
    ("revenue", [("asset_download", {"asset": "guide"})], 90 * DAY, "lead", "dormant"),
    ("revenue", [WON, ("referral_made", {})], 365 * DAY, "evangelist", "customer"),
    ("inveniv", [DEMO], 90 * DAY, "mql", "lead"),
    ("inveniv", [OPEN, LOST], 90 * DAY, "closed_lost", "lead"),
]
WINDOWS = [  # preset, the page, how often within, the stage
    ("buyers-journey", "/products/a", 10, 14 * DAY, "mql"),
    ("revenue", "/pricing", 3, 7 * DAY, "mql"),
]
ANSWER_TIMES = [  # business hours from Monday 09:00 on, of every preset's hand-off
    ("reminded", 2 * HOUR), ("escalated", 4 * HOUR), ("reassigned", 8 * HOUR),
]  # fmt: skip


@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize(("preset", "steps", "spell", "before", "after"), SPELLS)
def test_a_quiet_spell_ends_at_its_edge(
    preset: str, steps: list[Step], spell: int, before: str, after: str, late: int
) -> None:
    story = told(preset, steps)
    story.wait(spell + late)
    assert story.stage == (before if late < 0 else after)
    if late >= 0:
        assert story.stage_changes[-1]["at"] == MONDAY + spell


@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize(("preset", "page", "times", "window", "stage"), WINDOWS)
def test_the_last_view_counts_while_the_first_is_younger_than_the_window(
    preset: str, page: str, times: int, window: int, stage: str, late: int
) -> None:
    story = Story(load_lifecycle(preset))
    for number in range(times - 1):
        story.tell("page_view", MONDAY + number, url=page)
    story.tell("page_view", MONDAY + window + late, url=page)
    assert (story.stage == stage) is (late < 0)


@pytest.mark.parametrize("late", [-1, 0, 1])
@pytest.mark.parametrize(("action", "after"), ANSWER_TIMES)
@pytest.mark.parametrize("preset", ["buyers-journey", "clarity", "engaged", "revenue", "inveniv"])
def test_an_unanswered_hand_off_is_acted_on_at_its_time(
    preset: str, action: str, after: int, late: int
) -> None:
    story = told(preset, [DEMO])
    story.wait(after + late)
    done = [(one["action"], one["at"] - MONDAY) for one in story.handoffs]
    assert ((action, after) in done) is (late >= 0)


def told(preset: str, steps: list[Step]) -> Story:
    story = Story(load_lifecycle(preset))
    for type_, fields in steps:
        story.tell(type_, **fields)
    return story
