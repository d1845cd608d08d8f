import pytest

from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, Story, ms

THREE_IN_A_DAY = plan_of(stages("id: keen, enter: {did: {what: product, at_least: 3, within: 1d}}"))


@pytest.mark.parametrize(("age", "stage"), [(DAY - 1, "keen"), (DAY, None), (DAY + 1, None)])
def test_a_window_is_half_open_to_the_millisecond(age: int, stage: str | None) -> None:
    story = Story(THREE_IN_A_DAY)
    story.tell("page_view", MONDAY, url="/products/a")
    story.tell("page_view", MONDAY + HOUR, url="/products/a")
    story.tell("page_view", MONDAY + age, url="/products/a")
    assert story.stage == stage


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_order_of_arrival_does_not_matter_to_a_count(order: tuple[int, ...]) -> None:
    story = Story(THREE_IN_A_DAY)
    for index in order:
        story.tell("page_view", MONDAY + index * HOUR, url="/products/a")
    assert story.stage == "keen"


def test_three_events_in_one_millisecond_are_three() -> None:
    story = Story(THREE_IN_A_DAY)
    for _ in range(3):
        story.tell("page_view", MONDAY, url="/products/a")
    assert story.stage == "keen"


def test_a_move_caused_by_a_late_event_happens_at_the_clock_and_is_marked_late() -> None:
    story = Story(THREE_IN_A_DAY)
    story.tell("page_view", MONDAY, url="/products/a")
    story.tell("page_view", MONDAY + 2 * HOUR, url="/products/a")
    (move,) = story.tell("page_view", MONDAY + HOUR, url="/products/a")
    assert (move["at"], move["late"]) == (MONDAY + 2 * HOUR, True)


def test_a_late_event_outside_the_window_changes_nothing() -> None:
    story = Story(THREE_IN_A_DAY)
    story.tell("page_view", MONDAY, url="/products/a")
    story.tell("page_view", MONDAY + HOUR, url="/products/a")
    assert story.tell("page_view", MONDAY + HOUR - DAY, url="/products/a") == []


def test_an_event_sent_twice_counts_once() -> None:
    story = Story(THREE_IN_A_DAY)
    for _ in range(3):
        story.tell("page_view", MONDAY, url="/products/a", event_id="same")
    assert story.stage is None


def test_the_same_id_from_another_source_is_another_event() -> None:
    story = Story(THREE_IN_A_DAY)
    for source in ("web", "app", None):
        story.tell("page_view", MONDAY, url="/products/a", event_id="same", source=source)
    assert story.stage == "keen"


def test_a_redelivered_position_is_skipped_even_when_its_id_is_forgotten() -> None:
    plan = plan_of("limits: {dedupe_keep: 2}\n" + stages("id: keen, enter: {did: {what: view, at_least: 6}}"))
    story = Story(plan)
    told = [story.tell("page_view", MONDAY + index) for index in range(5)]
    assert told == [[]] * 5
    story.position = -1
    assert [story.tell("page_view", MONDAY + index) for index in range(5)] == [[]] * 5
    assert story.stage is None


def test_an_event_from_the_future_happened_when_it_was_received_and_is_flagged() -> None:
    plan = plan_of("limits: {future_skew: 5m}\n" + stages("id: seen, enter: {did: {what: view}}"))
    story = Story(plan)
    (move,) = story.tell("page_view", MONDAY + DAY, received_at=MONDAY)
    assert move["at"] == MONDAY
    (flag,) = (one for one in move["why"]["evidence"] if one["path"] == "limits.future_skew")
    assert flag["events"] == ["e0"]


def test_an_event_within_the_allowed_skew_keeps_its_time() -> None:
    plan = plan_of("limits: {future_skew: 5m}\n" + stages("id: seen, enter: {did: {what: view}}"))
    (move,) = Story(plan).tell("page_view", MONDAY + 300_000, received_at=MONDAY)
    assert move["at"] == MONDAY + 300_000


def test_distinct_counts_each_value_once_at_its_newest_time() -> None:
    plan = plan_of(
        stages("id: reader, enter: {did: {what: download, distinct: asset, more_than: 1, within: 1d}}")
    )
    story = Story(plan)
    story.tell("asset_download", MONDAY, asset="a")
    story.tell("asset_download", MONDAY + HOUR, asset="a")
    assert story.stage is None
    story.tell("asset_download", MONDAY + DAY + HOUR - 1, asset="b")
    assert story.stage == "reader"


def test_distinct_forgets_a_value_at_the_edge_of_the_window() -> None:
    plan = plan_of(
        stages("id: reader, enter: {did: {what: download, distinct: asset, more_than: 1, within: 1d}}")
    )
    story = Story(plan)
    story.tell("asset_download", MONDAY, asset="a")
    story.tell("asset_download", MONDAY + DAY, asset="b")
    assert story.stage is None


def test_the_surplus_expires_exactly_when_it_is_a_week_old() -> None:
    plan = plan_of(
        stages(
            "id: seen, enter: {did: {what: product, at_least: 2}}, leave: "
            "[{goto: calm, when: {did: {what: product, at_most: 1, within: 7d}}}]",
            "id: calm, detour: true",
        )
    )
    story = Story(plan)
    story.tell("page_view", MONDAY, url="/products/a")
    story.tell("page_view", MONDAY + HOUR, url="/products/a")
    assert story.until(MONDAY + 7 * DAY - 1) == []
    (move,) = story.until(MONDAY + 7 * DAY)
    assert (move["to"], move["at"], move["cause"]["timer"]) == (
        "calm",
        MONDAY + 7 * DAY,
        "stages.seen.leave[0]",
    )


def test_since_stage_entry_counts_only_what_comes_after_the_entry() -> None:
    plan = plan_of(
        stages(
            "id: one, enter: {did: {what: view}}",
            "id: two, enter: {did: {what: product, at_least: 2, since: stage_entry}}",
        )
    )
    story = Story(plan)
    story.tell("page_view", MONDAY, url="/products/a")
    story.tell("page_view", MONDAY + 1, url="/products/a")
    assert story.stage == "one"
    story.tell("page_view", MONDAY + 2, url="/products/a")
    assert story.stage == "two"


def test_did_not_needs_a_contact_known_for_as_long() -> None:
    plan = plan_of(stages("id: quiet, enter: {did_not: {what: product, for: 30d}}"))
    story = Story(plan)
    story.tell("page_view", MONDAY, url="/blog")
    assert story.until(MONDAY + 30 * DAY - 1) == []
    (move,) = story.until(MONDAY + 40 * DAY)
    assert (move["to"], move["at"]) == ("quiet", MONDAY + 30 * DAY)


def test_not_did_waits_for_no_time() -> None:
    plan = plan_of(stages("id: idle, enter: {not: {did: {what: product}}}"))
    story = Story(plan)
    story.tell("page_view", MONDAY, url="/blog")
    assert story.stage == "idle"


@pytest.mark.parametrize(
    ("last", "stage"), [("2026-03-22T23:59:59.999+00:00", None), ("2026-03-23T00:00:00+00:00", "regular")]
)
def test_weeks_are_iso_weeks_of_the_files_timezone(last: str, stage: str | None) -> None:
    """Three of four weeks, the present one included: the week of 23 March makes the third."""
    plan = plan_of(stages("id: regular, enter: {active: {what: view, in_weeks: 3, of: 4}}"))
    story = Story(plan)
    for moment in ("2026-03-02T09:00+00:00", "2026-03-10T09:00+00:00"):
        story.tell("page_view", ms(moment))
    story.tell("page_view", ms("2026-03-10T10:00+00:00"))
    story.tell("page_view", ms(last) if stage else ms("2026-03-15T23:59:59.999+00:00"))
    assert story.stage == stage


def test_a_day_begins_at_midnight_in_the_files_timezone() -> None:
    text = stages("id: daily, enter: {active: {what: view, in_days: 2, of: 2}}")
    late_evening, after_midnight = ms("2026-03-02T22:59+00:00"), ms("2026-03-02T23:01+00:00")
    for timezone, stage in (("UTC", None), ("Europe/Berlin", "daily")):
        story = Story(plan_of(text, timezone=timezone))
        story.tell("page_view", late_evening)
        story.tell("page_view", after_midnight)
        assert story.stage == stage


def test_activity_ends_when_the_week_rolls_over() -> None:
    plan = plan_of(
        stages(
            "id: here, enter: {active: {what: view, in_weeks: 1, of: 2}}, leave: "
            "[{goto: gone, when: {not: {active: {what: view, in_weeks: 1, of: 2}}}}]",
            "id: gone, detour: true",
        ),
        timezone="America/New_York",
    )
    story = Story(plan)
    story.tell("page_view", ms("2026-03-04T12:00-05:00"))
    (move,) = story.until(ms("2026-04-01T00:00-04:00"))
    assert (move["to"], move["at"]) == ("gone", ms("2026-03-16T00:00-04:00"))
