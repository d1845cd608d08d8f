"""From MQL to SAL, SQL and opportunity: what sales says, and what says nothing."""

from typing import Any

import pytest

from processors.lifecycle_files import read_lifecycle
from processors.strict_yaml.source import read
from tests.builders.buyers_journey import PLAN, deal, mql, offer, opportunity, sal, sql, view
from tests.builders.story import DAY, HOUR, MINUTE, Story, ms


def last_move(story: Story) -> tuple[str | None, str | None, list[str]]:
    move = story.stage_changes[-1]
    return move["from"], move["to"], move["path"]


def actions(story: Story) -> list[tuple[str, int]]:
    start = story.handoffs[0]["at"]
    return [(one["action"], one["at"] - start) for one in story.handoffs]


def test_what_sales_accepts_is_a_sal_and_sales_owns_it() -> None:
    story = mql()
    story.tell("handoff_accepted", actor="sam")
    assert last_move(story) == ("mql", "sal", ["sal"])
    assert story.stage_changes[-1]["owner"] == "sales"


def test_a_hand_off_accepted_by_its_id_is_accepted() -> None:
    story = mql()
    story.tell("handoff_accepted", handoff=story.handoffs[0]["handoff"])
    assert story.stage == "sal"


def test_accepting_a_hand_off_that_is_not_there_does_nothing() -> None:
    story = Story(PLAN)
    (refused,) = (one for one in story.tell("handoff_accepted") if one["record"] == "event_refused")
    assert (refused["reason"], story.stage) == ("no hand-off is open", None)


def test_accepting_another_hand_off_than_the_open_one_does_nothing() -> None:
    story = mql()
    story.tell("handoff_accepted", handoff="0" * 24)
    assert story.stage == "mql"


def test_the_first_answer_counts_and_the_second_is_refused() -> None:
    story = sal()
    story.tell("handoff_rejected", handoff=story.handoffs[0]["handoff"], reason="changed my mind")
    assert story.stage == "sal"
    assert story.changes[-1]["reason"] == "the hand-off is accepted already"


def test_a_doubled_answer_counts_once() -> None:
    story = mql()
    for _ in range(2):
        story.tell("handoff_accepted", event_id="answer")
    assert actions(story) == [("offered", 0), ("accepted", 0)]


def test_no_engagement_however_much_makes_an_mql_a_sal() -> None:
    story = mql()
    view(story, 30, MINUTE)
    for asset in "abc":
        offer(story, asset, "decision")
    story.tell("demo_requested")
    story.tell("sales_touch", kind="call")
    assert story.stage == "mql"


def test_nobody_answers_reminded_escalated_reassigned() -> None:
    story = mql()
    story.wait(3 * DAY)
    assert actions(story) == [
        ("offered", 0),
        ("reminded", 2 * HOUR),
        ("escalated", 4 * HOUR),
        ("reassigned", 8 * HOUR),
    ]
    assert story.stage == "mql"


def test_the_reminder_comes_to_the_millisecond() -> None:
    story = mql()
    assert story.wait(2 * HOUR - 1) == []
    assert [one["action"] for one in story.wait(1)] == ["reminded"]


def test_the_deadline_stands_still_over_the_weekend() -> None:
    story = Story(PLAN)
    story.tell("demo_requested", ms("2026-03-06T16:00Z"))  # a Friday
    assert story.handoffs[0]["accept_by"] == ms("2026-03-09T12:00Z")


def test_a_hand_off_can_be_accepted_after_it_was_reassigned() -> None:
    story = mql()
    story.wait(10 * DAY)
    story.tell("handoff_accepted")
    assert story.stage == "sal"


@pytest.mark.parametrize("kind", ["qualified", "direct-follow-up"])
def test_a_sal_that_sales_deems_worthy_of_direct_follow_up_is_an_sql(kind: str) -> None:
    story = sal()
    story.tell("sales_touch", kind=kind)
    assert last_move(story) == ("sal", "sql", ["sql"])


def test_a_meeting_that_is_agreed_is_a_direct_follow_up() -> None:
    story = sal()
    story.tell("meeting_scheduled")
    assert story.stage == "sql"


@pytest.mark.parametrize("kind", ["call", "email", "unqualified", "Qualified", None])
def test_any_other_touch_of_sales_makes_no_sql(kind: str | None) -> None:
    story = sal()
    story.tell("sales_touch", kind=kind)
    assert story.stage == "sal"


def test_an_mql_deemed_worthy_is_no_sql_until_it_is_accepted() -> None:
    story = mql()
    story.tell("sales_touch", kind="qualified")
    assert story.stage == "mql"
    story.tell("handoff_accepted")
    assert last_move(story) == ("mql", "sql", ["sal", "sql"])


def test_an_open_deal_makes_an_opportunity() -> None:
    story = sql()
    deal(story, "proposal")
    assert last_move(story) == ("sql", "opportunity", ["opportunity"])
    assert story.stage_changes[-1]["cause"]["criterion"] == "stages.opportunity.enter"


def test_an_opportunity_needs_no_downloads() -> None:
    story = Story(PLAN)
    deal(story, "proposal")
    assert last_move(story) == (None, "opportunity", ["mql", "sal", "sql", "opportunity"])


@pytest.mark.parametrize("stage", ["closed_won", "closed_lost"])
def test_a_deal_that_is_closed_when_first_heard_of_is_no_opportunity(stage: str) -> None:
    story = sql()
    deal(story, stage)
    assert story.stage == "sql"


def test_a_deal_withdraws_the_hand_off_that_nobody_answered() -> None:
    story = mql()
    deal(story, "proposal")
    assert (story.stage, actions(story)[-1]) == ("opportunity", ("withdrawn", 0))


def test_a_deal_that_is_won_leaves_the_contact_where_it_is() -> None:
    story = opportunity()
    deal(story, "closed_won")
    story.wait(365 * DAY)
    assert story.stage == "opportunity"


def test_a_late_word_about_a_deal_does_not_undo_the_newer_one() -> None:
    story = sql()
    start = story.now
    deal(story, "closed_lost", at=start + HOUR)
    deal(story, "proposal", at=start)
    assert story.stage == "sql"


def test_every_stage_is_walked_once_and_told_in_a_chain() -> None:
    story = opportunity()
    moves = [(one["from"], one["to"], one["sequence"]) for one in story.stage_changes]
    assert moves == [(None, "mql", 1), ("mql", "sal", 2), ("sal", "sql", 3), ("sql", "opportunity", 4)]


def test_each_stage_has_its_part_of_the_journey() -> None:
    name, data = read_lifecycle("buyers-journey")
    file: Any = read(data, name).value
    assert [(one["id"], one["journey"]) for one in file["stages"]] == [
        ("mql", "awareness"),
        ("sal", "consideration"),
        ("sql", "decision"),
        ("opportunity", "decision"),
        ("nurture", "awareness"),
    ]
