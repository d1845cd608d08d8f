from typing import Any

import pytest

from processors.lifecycle.business_hours import add_business_time
from processors.lifecycle.calendars import Calendar
from processors.lifecycle.plan import BusinessHours
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MINUTE, MONDAY, Story, ms

OFFICE = 'business_hours: {days: mon-fri, from: "09:00", to: "17:00", holidays: [2026-03-04]}\n'
OFFER = """\
handoff: {to: sales, accept_within: 4h, clock: business, remind: 2h, on_breach: [{after: 4h, do: escalate},
     {after: 8h, do: reassign}, {after: 12h, do: alert}, {after: 16h, do: expire}]}"""
PLAN = plan_of(
    OFFICE
    + stages(
        "id: lead, enter: {did: {what: view}}",
        "id: mql, enter: {did: {what: form}},"
        " leave: [{goto: lead, when: {handoff: rejected}, reset: [counts]},"
        f" {{goto: lead, when: {{handoff: expired}}, reset: [counts]}}], {OFFER}",
        "id: sal, enter: {handoff: accepted}",
        "id: sql, enter: {did: {what: download}}",
    )
)


def actions(changes: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(one["action"], one["at"] - MONDAY) for one in changes if one["record"] == "mql_handoff"]


def offered() -> Story:
    story = Story(PLAN)
    story.tell("form_submitted", MONDAY)  # 9:00
    return story


def test_entering_a_stage_offers_it_with_a_deadline_in_business_hours() -> None:
    story = Story(PLAN)
    move, offer = story.tell("form_submitted", MONDAY + 7 * HOUR)  # Monday 16:00
    assert (offer["action"], offer["to"], offer["stage"], offer["sequence"]) == ("offered", "sales", "mql", 1)
    assert offer["accept_by"] == MONDAY + DAY + 3 * HOUR  # Tuesday 12:00
    assert move["next_deadline"] == offer["accept_by"]
    assert offer["why"]["evidence"] == move["why"]["evidence"]


def test_nobody_answers_reminded_escalated_reassigned_alerted_expired() -> None:
    """From Monday 9:00: two days of eight hours, and Wednesday is a holiday."""
    story = offered()
    told = story.until(MONDAY + 30 * DAY)
    assert actions(told) == [
        ("reminded", 2 * HOUR),
        ("escalated", 4 * HOUR),
        ("reassigned", 8 * HOUR),
        ("alerted", DAY + 4 * HOUR),
        ("expired", DAY + 8 * HOUR),
    ]
    assert story.stage == "lead"
    assert [one["sequence"] for one in story.handoffs] == [1, 2, 3, 4, 5, 6]
    assert len({one["handoff"] for one in story.handoffs}) == 1


def test_an_accepted_hand_off_moves_on_and_asks_no_more() -> None:
    story = offered()
    handoff = story.handoffs[0]["handoff"]
    answer, move = story.tell("handoff_accepted", MONDAY + HOUR, handoff=handoff, actor="sam")
    assert (answer["action"], answer["actor"], move["to"]) == ("accepted", "sam", "sal")
    assert story.until(MONDAY + 30 * DAY) == []


def test_a_rejected_one_goes_back_with_its_reason_and_can_be_offered_anew() -> None:
    story = offered()
    answer, move = story.tell(
        "handoff_rejected", MONDAY + HOUR, handoff=None, reason="no budget", actor="sam"
    )
    assert (answer["action"], answer["reason"], move["to"]) == ("rejected", "no budget", "lead")
    move, offer = story.tell("form_submitted", MONDAY + DAY)
    assert (move["to"], offer["action"]) == ("mql", "offered")
    assert offer["handoff"] != answer["handoff"]
    assert (answer["cycle"], offer["cycle"]) == (0, 1)


def test_an_acceptance_of_an_earlier_cycle_does_not_carry_over() -> None:
    plan = plan_of(
        OFFICE
        + stages(
            "id: lead, enter: {did: {what: view}}",
            f"id: mql, enter: {{did: {{what: form}}}}, {OFFER}",
            "id: sal, enter: {handoff: accepted}, leave: "
            "[{goto: lead, when: {did: {what: download, since: stage_entry}}, reset: [counts]}]",
        )
    )
    story = Story(plan)
    story.tell("form_submitted", MONDAY)
    story.tell("handoff_accepted", MONDAY + HOUR, handoff=None)
    story.tell("asset_download", MONDAY + DAY)
    assert story.stage == "lead"
    story.tell("form_submitted", MONDAY + 2 * DAY)
    assert story.stage == "mql"
    story.tell("handoff_accepted", MONDAY + 2 * DAY + HOUR, handoff=None)
    assert story.stage == "sal"


@pytest.mark.parametrize(
    ("handoff", "reason"), [("nonsense", "no hand-off of that id is open"), (None, "no hand-off is open")]
)
def test_an_answer_to_no_hand_off_is_refused_with_a_reason(handoff: str | None, reason: str) -> None:
    story = Story(PLAN)
    story.tell("page_view", MONDAY)
    (refusal,) = story.tell("handoff_accepted", handoff=handoff)
    assert (refusal["record"], refusal["reason"], refusal["event_id"]) == ("event_refused", reason, "e1")


def test_a_second_answer_is_refused() -> None:
    story = offered()
    handoff = story.handoffs[0]["handoff"]
    story.tell("handoff_accepted", MONDAY + HOUR, handoff=handoff)
    (refusal,) = story.tell("handoff_rejected", MONDAY + 2 * HOUR, handoff=handoff, reason="late")
    assert refusal["reason"] == "the hand-off is accepted already"


def test_moving_on_without_an_answer_withdraws_the_offer() -> None:
    story = offered()
    move, withdrawn = story.tell("asset_download", MONDAY + HOUR)
    assert (move["to"], withdrawn["action"], withdrawn["reason"]) == ("sql", "withdrawn", "moved on to sql")
    assert story.until(MONDAY + 30 * DAY) == []


def test_a_stage_passed_over_offers_nothing() -> None:
    story = Story(PLAN)
    changes = story.tell("asset_download", MONDAY)
    assert [one["record"] for one in changes] == ["stage_changed"]
    assert changes[0]["path"] == ["lead", "mql", "sal", "sql"]


def test_a_visitor_whom_nobody_knows_is_not_handed_over() -> None:
    story = Story(PLAN, "anon:v1")
    changes = story.tell("form_submitted", MONDAY)
    assert [one["record"] for one in changes] == ["stage_changed"]
    assert story.until(MONDAY + 30 * DAY) == []


def test_on_the_wall_clock_nights_count() -> None:
    plan = plan_of(
        stages("id: mql, enter: {did: {what: form}}, handoff: {to: sales, accept_within: 48h, clock: wall}")
    )
    _, offer = Story(plan).tell("form_submitted", MONDAY)
    assert offer["accept_by"] == MONDAY + 2 * DAY


BERLIN = Calendar("Europe/Berlin")
HOURS = BusinessHours(days=(0, 1, 2, 3, 4), from_minute=540, to_minute=1020, holidays=())
ALWAYS = BusinessHours(days=(0, 1, 2, 3, 4, 5, 6), from_minute=0, to_minute=1440, holidays=())


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-03-02T10:00+01:00", 4 * HOUR, "2026-03-02T14:00+01:00"),
        ("2026-03-02T07:00+01:00", HOUR, "2026-03-02T10:00+01:00"),  # before opening
        ("2026-03-02T16:30+01:00", HOUR, "2026-03-03T09:30+01:00"),
        ("2026-03-02T16:00+01:00", HOUR, "2026-03-02T17:00+01:00"),  # to the last minute
        ("2026-03-06T16:30+01:00", HOUR, "2026-03-09T09:30+01:00"),  # over a weekend
        ("2026-03-07T12:00+01:00", MINUTE, "2026-03-09T09:01+01:00"),
        ("2026-03-27T16:00+01:00", 2 * HOUR, "2026-03-30T10:00+02:00"),  # summer time begins on the 29th
        ("2026-10-23T16:00+02:00", 2 * HOUR, "2026-10-26T10:00+01:00"),  # and ends on 25 October
    ],
)
def test_business_time_runs_only_while_the_office_is_open(start: str, duration: int, end: str) -> None:
    assert add_business_time(BERLIN, HOURS, ms(start), duration) == ms(end)


def test_an_hour_that_a_clock_change_leaves_out_is_no_business_time() -> None:
    start = ms("2026-03-29T00:00+01:00")
    assert add_business_time(BERLIN, ALWAYS, start, 23 * HOUR) == ms("2026-03-30T00:00+02:00")


def test_an_office_that_never_opens_falls_back_to_the_wall_clock() -> None:
    never = BusinessHours(days=(), from_minute=540, to_minute=1020, holidays=())
    assert add_business_time(BERLIN, never, MONDAY, HOUR) == MONDAY + HOUR


def test_days_start_where_the_clock_of_the_zone_says() -> None:
    day = BERLIN.day(ms("2026-03-29T12:00+02:00"))
    assert BERLIN.start_of_day(day) == ms("2026-03-29T00:00+01:00")
    assert BERLIN.start_of_day(day + 1) == ms("2026-03-30T00:00+02:00")
    assert BERLIN.day(ms("2026-03-29T23:59:59.999+02:00")) == day


def test_a_day_whose_midnight_does_not_exist_starts_with_the_clock_change() -> None:
    beirut = Calendar("Asia/Beirut")  # 2024-03-31: 0:00 becomes 1:00
    change = ms("2024-03-30T22:00Z")
    assert beirut.day(change) == beirut.day(change - 1) + 1
