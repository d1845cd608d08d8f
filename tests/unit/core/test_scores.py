from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processors import lifecycle
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, Story, ms

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

NOWHERE = stages("id: end, enter: {did: {what: form, at_least: 99}}")


def story_of(rules: str, *, timezone: str = "UTC", segments: str = "") -> Story:
    return Story(plan_of(f"scores:\n  s:\n{rules}{segments}{NOWHERE}", timezone=timezone))


def rule(text: str) -> str:
    return f"    rules:\n      - {{id: r, per: view, {text}}}\n"


def score(story: Story, at: int | None = None) -> int:
    """Thousandths of a point, read at a time."""
    state, _ = lifecycle.advance(story.plan, story.state, at or story.now)
    told: dict[str, Any] = lifecycle.describe(story.plan, state)
    points: int = told["score"]["s"]
    return points


def test_points_without_decay_stay() -> None:
    story = story_of(rule("points: 2.5"))
    story.tell("page_view", MONDAY)
    story.tell("page_view", MONDAY + DAY)
    assert score(story, MONDAY + 1000 * DAY) == 5_000


def test_a_cap_in_points_is_applied_when_read() -> None:
    story = story_of(rule("points: 10, cap: {points: 25}, decay: {half_life: 10d}"))
    for _ in range(4):
        story.tell("page_view", MONDAY)
    assert score(story, MONDAY) == 25_000
    assert score(story, MONDAY + 10 * DAY) == 20_000  # of 40, not of 25


def test_a_cap_on_negative_points_is_a_floor() -> None:
    story = story_of(rule("points: -10, cap: {points: 25}"))
    for _ in range(4):
        story.tell("page_view", MONDAY)
    assert score(story) == -25_000


def test_steps_take_points_at_their_age_to_the_millisecond() -> None:
    story = story_of(rule("points: 40, decay: {steps: [{after: 30d, keep: 50%}, {after: 90d, keep: 0%}]}"))
    story.tell("page_view", MONDAY)
    ages = (30 * DAY - 1, 30 * DAY, 90 * DAY - 1, 90 * DAY)
    assert [score(story, MONDAY + age) for age in ages] == [40_000, 20_000, 20_000, 0]


def test_points_that_expire_are_gone_at_that_age() -> None:
    story = story_of(rule("points: 5, decay: {expires: 60d}"))
    story.tell("page_view", MONDAY)
    assert [score(story, MONDAY + age) for age in (60 * DAY - 1, 60 * DAY)] == [5_000, 0]


def test_twice_a_day_counts_the_newest_two_of_each_calendar_day() -> None:
    story = story_of(rule("points: 5, cap: {times: 2, each: day}"), timezone="Europe/Berlin")
    for hour in range(5):
        story.tell("page_view", ms("2026-03-02T20:00+01:00") + hour * HOUR)  # the fifth is tomorrow
    assert score(story) == 15_000


def test_of_a_day_the_newest_count_whatever_the_order() -> None:
    readings = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        story = story_of(rule("points: 8, cap: {times: 2, each: day}, decay: {half_life: 1d}"))
        for index in order:
            story.tell("page_view", MONDAY + index * HOUR)
        readings.append(score(story, MONDAY + 2 * HOUR + DAY))
    assert len(set(readings)) == 1
    assert readings[0] == 4_000 + 3_886  # the third hour's and the second's


def test_once_ever_counts_the_newest() -> None:
    story = story_of(rule("points: -20, cap: {times: 1, each: ever}, decay: {half_life: 10d}"))
    story.tell("page_view", MONDAY)
    story.tell("page_view", MONDAY + 10 * DAY)
    assert score(story) == -20_000


def test_a_week_begins_on_monday_in_the_files_timezone() -> None:
    story = story_of(rule("points: 1, cap: {times: 1, each: week}"), timezone="America/New_York")
    story.tell("page_view", ms("2026-03-08T12:00-04:00"))
    story.tell("page_view", ms("2026-03-09T03:59Z"))  # still Sunday there
    story.tell("page_view", ms("2026-03-09T04:00Z"))
    assert score(story) == 2_000


def test_distinct_gives_points_once_per_value_at_its_newest_time() -> None:
    rules = "    rules:\n      - {id: r, per: download, points: 8, distinct: asset, decay: {half_life: 1d}}\n"
    story = story_of(rules)
    story.tell("asset_download", MONDAY, asset="a")
    story.tell("asset_download", MONDAY + DAY, asset="a")
    story.tell("asset_download", MONDAY, asset="b")
    assert score(story, MONDAY + DAY) == 8_000 + 4_000


def test_distinct_and_times_together_count_the_newest_values_of_each_day() -> None:
    rules = (
        "    rules:\n      - {id: r, per: download, points: 1, distinct: asset, cap: {times: 1, each: day}}\n"
    )
    story = story_of(rules)
    for asset in "abc":
        story.tell("asset_download", MONDAY, asset=asset)
    assert score(story) == 1_000
    story.tell("asset_download", MONDAY + DAY, asset="b")
    assert score(story) == 2_000


def test_a_maximum_cuts_off_and_is_a_part_of_its_own() -> None:
    story = story_of("    max: 10\n" + rule("points: 7"))
    story.tell("page_view", MONDAY)
    story.tell("page_view", MONDAY)
    told = lifecycle.describe(story.plan, story.state)
    assert told["score"] == {"s": 10_000, "total": 10_000}
    assert told["score_parts"] == [
        {"score": "s", "rule": "r", "points": 14_000},
        {"score": "s", "rule": "max", "points": -4_000},
    ]


BANDS = "segments:\n  heat: {of: s, bands: [{id: hot, gte: 50}, {id: warm, gte: 20}, {id: cold}]}\n"


def test_a_band_is_left_in_the_millisecond_in_which_the_score_falls_below_it() -> None:
    story = story_of(rule("points: 80, decay: {half_life: 10d}"), segments=BANDS)
    story.tell("page_view", MONDAY)
    assert story.band == {"heat": "hot"}
    changes = story.until(MONDAY + 100 * DAY)
    assert [one["to"] for one in changes] == ["warm", "cold"]
    for one, threshold in zip(changes, (50_000, 20_000), strict=True):
        assert one["score"]["s"] < threshold
        assert score_at(story.plan, one["at"] - 1) >= threshold


def score_at(plan: Plan, at: int) -> int:
    story = Story(plan)
    story.tell("page_view", MONDAY)
    return score(story, at)


def test_a_penalty_that_fades_lifts_the_band_again() -> None:
    rules = """\
    rules:
      - {id: good, per: view, points: 30}
      - {id: bad, per: form, points: -20, decay: {half_life: 5d}}
"""
    story = story_of(rules, segments=BANDS)
    story.tell("page_view", MONDAY)
    story.tell("form_submitted", MONDAY)
    assert story.band == {"heat": "cold"}
    before = score(story, MONDAY + 5 * DAY - 40_000)
    (change,) = story.until(MONDAY + 100 * DAY)
    assert change["to"] == "warm"
    assert (before, change["score"]["s"]) == (19_999, 20_000)
    assert 0 < MONDAY + 5 * DAY - change["at"] < 40_000  # 20 less half a thousandth is read as 20


def test_gain_and_penalty_that_fade_at_different_speed_cross_up_and_down() -> None:
    rules = """\
    rules:
      - {id: good, per: view, points: 60, decay: {half_life: 20d}}
      - {id: bad, per: form, points: -55, decay: {half_life: 2d}}
"""
    story = story_of(rules, segments=BANDS)
    story.tell("page_view", MONDAY)
    story.tell("form_submitted", MONDAY)
    assert [one["to"] for one in story.until(MONDAY + 300 * DAY)] == ["warm", "cold"]


def test_points_do_not_demote_by_falling() -> None:
    plan = plan_of(
        "scores: {s: {decay: {half_life: 1d}, rules: [{id: r, per: view, points: 60}]}}\n"
        + stages("id: keen, enter: {score: {s: {gte: 60}}}")
    )
    story = Story(plan)
    story.tell("page_view", MONDAY)
    assert story.until(MONDAY + 100 * DAY) == []
    assert story.stage == "keen"


@pytest.mark.parametrize(
    ("test", "stage"),
    [
        ("gte: 60", "keen"),
        ("gt: 60", None),
        ("lte: 60", "keen"),
        ("lt: 60", None),
        ("eq: 60", "keen"),
        ("ne: 60", None),
    ],
)
def test_thresholds_compare_thousandths(test: str, stage: str | None) -> None:
    plan = plan_of(
        "scores: {s: {rules: [{id: r, per: view, points: 60}]}}\n"
        + stages(f"id: keen, enter: {{all: [{{did: {{what: view}}}}, {{score: {{s: {{{test}}}}}}}]}}")
    )
    story = Story(plan)
    story.tell("page_view", MONDAY)
    assert story.stage == stage


def test_fit_follows_the_profile_and_absent_fields_give_nothing() -> None:
    plan = plan_of(
        "profile: {job_title: string, company_size: integer}\n"
        "scores: {fit: {rules: ["
        "{id: senior, when: {profile: {job_title: {contains_any: [vp, chief]}}}, points: 20},"
        "{id: big, when: {profile: {company_size: {gte: 200}}}, points: 15}]}}\n" + NOWHERE
    )
    story = Story(plan)
    steps: list[tuple[dict[str, object], int]] = [
        ({"job_title": "VP Sales"}, 20_000),
        ({"company_size": 200}, 35_000),
        ({"job_title": None}, 15_000),
    ]
    for profile, points in steps:
        story.tell("contact_updated", story.now + MINUTE, profile=profile)
        assert lifecycle.describe(plan, story.state)["score"]["fit"] == points


def test_an_older_profile_does_not_replace_a_newer_one() -> None:
    plan = plan_of(
        "profile: {tier: string}\n"
        "scores: {fit: {rules: [{id: a, when: {profile: {tier: a}}, points: 20}]}}\n" + NOWHERE
    )
    story = Story(plan)
    story.tell("contact_updated", MONDAY + DAY, profile={"tier": "a"})
    story.tell("contact_updated", MONDAY, profile={"tier": "b"})
    assert lifecycle.describe(plan, story.state)["profile"] == {"tier": "a"}
