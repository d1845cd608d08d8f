from dataclasses import replace
from decimal import Decimal
from typing import Any

from processors import lifecycle
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, Story

LADDER = plan_of(
    "criteria: {quiet: {did_not: {what: view, for: 30d}}}\n"
    + stages(
        "id: one, enter: {did: {what: view}}",
        "id: two, enter: {did: {what: form}}",
        "id: three, enter: {any: [{did: {what: download}}, {did: {what: product, at_least: 3, within: 7d}}]},"
        " leave: [{goto: one, when: quiet, reason: inactive}]",
    )
)


def moves(changes: list[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    return [(one["from"], one["to"]) for one in changes if one["record"] == "stage_changed"]


def test_the_first_stage_comes_from_none() -> None:
    (move,) = Story(LADDER).tell("page_view")
    assert (move["from"], move["to"], move["path"], move["since"]) == (None, "one", ["one"], None)


def test_a_stage_reached_over_others_is_one_change_that_lists_them() -> None:
    story = Story(LADDER)
    (move,) = story.tell("asset_download")
    assert (move["from"], move["to"], move["path"]) == (None, "three", ["one", "two", "three"])
    assert moves(story.tell("form_submitted")) == []


def test_a_change_tells_since_when_the_contact_was_where_it_leaves() -> None:
    story = Story(LADDER)
    story.tell("page_view", MONDAY)
    (move,) = story.tell("form_submitted", MONDAY + HOUR)
    assert (move["since"], move["at"]) == (MONDAY, MONDAY + HOUR)


def test_what_still_holds_at_a_move_back_is_spent() -> None:
    story = Story(LADDER)
    story.tell("asset_download", MONDAY)
    assert moves(story.until(MONDAY + 30 * DAY)) == [("three", "one")]
    assert story.tell("asset_download", MONDAY + 31 * DAY) == []
    assert lifecycle.describe(LADDER, story.state)["tracks"]["main"]["spent"] == ["stages.three.enter.any[0]"]


def test_another_alternative_that_becomes_true_anew_leads_up_again() -> None:
    story = Story(LADDER)
    story.tell("asset_download", MONDAY)
    story.until(MONDAY + 30 * DAY)
    for hour in range(3):
        story.tell("page_view", MONDAY + 31 * DAY + hour * HOUR, url="/products/a")
    assert moves(story.changes)[-1] == ("one", "three")


def test_a_condition_that_was_false_once_counts_again() -> None:
    plan = plan_of(
        stages(
            "id: low, enter: {did: {what: view}}",
            "id: high, enter: {did: {what: product, at_least: 2, within: 7d}},"
            " leave: [{goto: low, when: {did: {what: form, since: stage_entry}}}]",
        )
    )
    story = Story(plan)
    for hour in range(2):
        story.tell("page_view", MONDAY + hour * HOUR, url="/products/a")
    story.tell("form_submitted", MONDAY + DAY)
    assert story.stage == "low"
    story.tell("page_view", MONDAY + DAY + HOUR, url="/products/a")
    assert story.stage == "low"  # still three in seven days
    story.tell("page_view", MONDAY + 20 * DAY, url="/products/a")
    story.tell("page_view", MONDAY + 20 * DAY + 1, url="/products/a")
    assert story.stage == "high"


def test_a_timed_exit_happens_at_its_own_time() -> None:
    plan = plan_of(
        stages(
            "id: seen, enter: {did: {what: view}}, leave: [{goto: aside, after: 10d, reason: no news}]",
            "id: aside, detour: true, leave: [{goto: seen, after: 5d}]",
        )
    )
    story = Story(plan)
    story.tell("page_view", MONDAY)
    changes = story.until(MONDAY + 16 * DAY)
    assert [(one["to"], one["at"] - MONDAY, one["reason"]) for one in changes] == [
        ("aside", 10 * DAY, "no news"),
        ("seen", 15 * DAY, None),
    ]


def test_an_exit_with_a_condition_and_a_time_needs_both() -> None:
    plan = plan_of(
        stages(
            "id: seen, enter: {did: {what: view}},"
            " leave: [{goto: aside, after: 10d, when: {did_not: {what: product, for: 7d}}}]",
            "id: aside, detour: true",
        )
    )
    story = Story(plan)
    story.tell("page_view", MONDAY, url="/products/a")
    story.tell("page_view", MONDAY + 9 * DAY, url="/products/a")
    (move,) = story.until(MONDAY + 30 * DAY)
    assert move["at"] == MONDAY + 16 * DAY


TRYING = """\
tracks: {pql: {stages: [{id: trying, owner: product, terminal: true, enter: {did: {what: form}}}]}}
"""


def test_parallel_tracks_move_by_themselves() -> None:
    plan = plan_of(stages("id: lead, enter: {did: {what: view}}") + TRYING)
    story = Story(plan)
    story.tell("form_submitted", MONDAY)
    assert (story.stage, story.stage_of("pql")) == (None, "trying")
    story.tell("page_view", MONDAY + 1)
    assert (story.stage, story.stage_of("pql")) == ("lead", "trying")


def test_a_move_on_one_track_can_open_a_way_on_another_at_once() -> None:
    plan = plan_of(stages("id: lead, enter: {reached: trying}") + TRYING)
    story = Story(plan)
    changes = story.tell("form_submitted", MONDAY)
    assert [(one["track"], one["to"]) for one in changes] == [("main", "lead"), ("pql", "trying")]


def test_a_change_explains_itself() -> None:
    story = Story(LADDER)
    story.tell("page_view", MONDAY, source="google", campaign="spring", medium="cpc", url="/products/a")
    story.tell("page_view", MONDAY + HOUR, url="/products/a")
    (move,) = story.tell("page_view", MONDAY + 2 * HOUR, url="/products/a")
    assert move["cause"] == {
        "criterion": "stages.three.enter.any[1]",
        "event_id": "e2",
        "timer": None,
        "criteria_change": None,
    }
    assert move["why"]["summary"] == "Moved from one to three: product at least 3 times within 7 days (3)."
    assert move["why"]["evidence"] == [
        {
            "path": "stages.three.enter.any[1]",
            "fact": "product at least 3 times within 7 days",
            "value": "3",
            "threshold": "3",
            "met": True,
            "events": ["e0", "e1", "e2"],
        }
    ]
    first = move["why"]["first_touch"]
    assert (first["event_id"], first["source"], first["campaign"], first["medium"]) == (
        "e0",
        "google",
        "spring",
        "cpc",
    )
    assert move["why"]["last_touch"] == move["why"]["crossing_touch"]
    assert (move["lifecycle"], move["plan_hash"]) == ("test@1.0.0", LADDER.plan_hash)


def test_the_first_touch_is_first_by_time_not_by_arrival() -> None:
    story = Story(LADDER)
    story.tell("page_view", MONDAY + DAY, source="late")
    story.tell("page_view", MONDAY, source="early")
    told = lifecycle.describe(LADDER, story.state)
    assert (told["first_touch"]["source"], told["last_touch"]["source"]) == ("early", "late")


def test_a_status_is_a_state_within_a_stage() -> None:
    plan = plan_of(stages("id: mql, enter: {did: {what: view}}, statuses: [new, connected]"))
    story = Story(plan)
    story.tell("page_view", MONDAY)
    statuses = []
    for profile in ({}, {"lead_status": "connected"}, {"lead_status": "nonsense"}):
        story.tell("contact_updated", profile=profile)
        statuses.append(lifecycle.describe(plan, story.state)["tracks"]["main"]["status"])
    assert statuses == ["new", "connected", "connected"]


def test_segments_follow_the_conditions_in_order() -> None:
    plan = plan_of(
        "segments: {next: {when: [{id: call, if: {did: {what: form}}}, {id: wait}]}}\n"
        + stages("id: lead, enter: {segment: {next: call}}")
    )
    story = Story(plan)
    story.tell("page_view", MONDAY)
    assert (story.band, story.stage) == ({"next": "wait"}, None)
    story.tell("form_submitted", MONDAY + 1)
    assert (story.band, story.stage) == ({"next": "call"}, "lead")


def test_the_newest_event_of_a_type_is_what_last_looks_at() -> None:
    plan = plan_of(stages("id: came, enter: {last: {page_view.source: {in: [google]}}}"))
    story = Story(plan)
    story.tell("page_view", MONDAY + DAY, source="direct")
    story.tell("page_view", MONDAY, source="google")
    assert story.stage is None
    story.tell("page_view", MONDAY + DAY, source="google")  # at the same time, but later in the log
    assert story.stage == "came"


def test_a_custom_event_is_known_by_its_name_and_properties() -> None:
    plan = plan_of(
        "events: {report_run: {rows: integer}}\n"
        "behaviours: {big: {event: report_run, where: {rows: {gt: 10}}}}\n"
        + stages("id: power, enter: {did: {what: big}}")
    )
    story = Story(plan)
    story.tell("custom_event", name="report_run", properties={"rows": 10})
    story.tell("custom_event", name="other", properties={"rows": 11})
    assert story.stage is None
    story.tell("custom_event", name="report_run", properties={"rows": 11})
    assert story.stage == "power"


def test_a_property_that_is_named_like_the_events_id_does_not_replace_it() -> None:
    plan = plan_of(
        "events: {report_run: {event_id: string, rows: integer}}\n"
        + stages("id: power, enter: {last: {report_run.rows: {gt: 10}}}")
    )
    story = Story(plan)
    (move,) = story.tell("custom_event", name="report_run", properties={"rows": 11, "event_id": "theirs"})
    assert story.stage == "power"
    assert [one["events"] for one in move["why"]["evidence"]] == [["e0"]]


def test_a_custom_event_cannot_pass_for_a_standard_one() -> None:
    story = Story(LADDER)
    story.tell("custom_event", name="asset_download", properties={"asset": "a"})
    assert story.stage is None


def test_money_spent_on_a_channel_concerns_no_contact() -> None:
    story = Story(LADDER)
    assert (
        story.tell("spend_recorded", contact_id=None, channel="ads", amount=Decimal(1), currency="EUR") == []
    )
    assert story.state == b""


def test_who_goes_round_without_end_waits_for_an_event() -> None:
    """The checker refuses such a file where it sees it; no timer may then fire for every millisecond."""
    quiet = "{did_not: {what: view, for: 30d}}"
    plan = plan_of(
        stages(
            f"id: one, enter: {{did: {{what: view}}}}, leave: [{{goto: aside, after: 1d, when: {quiet}}}]",
            f"id: aside, detour: true, leave: [{{goto: one, when: {quiet}}}]",
        )
    )
    one, *others = plan.stages
    at_once = replace(one, leave=(replace(one.leave[0], after_ms=None),))
    story = Story(replace(plan, stages=(at_once, *others)))
    story.tell("page_view")
    story.wait(30 * DAY)
    story.wait(DAY)
    assert len(story.stage_changes) == 2
