"""A contact goes from one definition to another: what was said is put right, and nothing is said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processors import lifecycle
from processors.lifecycle import Barrier
from processors.lifecycle.lived import as_lived
from tests.builders import both
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, Story

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]

HANDOFF = "handoff: {to: sales, accept_within: 4h, clock: wall, remind: 2h}"


def ladder(views: int, *more: str, handoff: str = HANDOFF) -> Plan:
    """MQL after so many product views."""
    asked = f", {handoff}" if handoff else ""
    return plan_of(
        stages(
            "id: lead, enter: {did: {what: view}}",
            f"id: mql, enter: {{did: {{what: product, at_least: {views}}}}}{asked}",
            *more,
        )
    )


def lived_under(plan: Plan, told: list[dict[str, Any]]) -> bytes:
    state = b""
    for event in told:
        state, _ = lifecycle.apply(plan, state, as_lived(plan, event, lambda *_: b""))
    return state


class Life(Story):
    """A story that can change its definition."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.events: list[dict[str, Any]] = []

    def apply(self, told: dict[str, Any]) -> list[Change]:
        self.events.append(told)
        return super().apply(told)

    def switch(self, new: Plan, *, in_place: bool = False) -> list[Change]:
        self.position += 1
        lived = self.state if in_place else lived_under(new, self.events)
        barrier = Barrier(position=self.position, at=self.now, in_place=in_place)
        self.state, changes = both.switch(self.plan, self.state, new, lived, barrier)
        self.plan = new
        self.changes += changes
        return list(changes)


def views(life: Life, count: int) -> None:
    for _ in range(count):
        life.tell("page_view", url="/products/a")


def actions(changes: list[Change]) -> list[tuple[str, str]]:
    return [(one["action"], one["stage"]) for one in changes if one["record"] == "mql_handoff"]


def moves(changes: list[Change]) -> list[tuple[str | None, str | None]]:
    return [(one["from"], one["to"]) for one in changes if one["record"] == "stage_changed"]


def test_who_is_no_mql_any_more_goes_back_and_the_hand_off_is_withdrawn_with_the_reason() -> None:
    life = Life(ladder(2))
    views(life, 3)
    changes = life.switch(ladder(5))
    assert (moves(changes), actions(changes)) == ([("mql", "lead")], [("withdrawn", "mql")])
    for change in changes:
        assert change["cause"]["criteria_change"] == ladder(2).plan_hash
        assert (change["cause"]["event_id"], change["cause"]["timer"]) == (None, None)
        assert change["plan_hash"] == ladder(5).plan_hash
        assert "criteria changed" in change["reason"]


def test_who_becomes_an_mql_is_offered_once_with_the_evidence() -> None:
    life = Life(ladder(5))
    views(life, 3)
    changes = life.switch(ladder(2))
    assert (moves(changes), actions(changes)) == ([("lead", "mql")], [("offered", "mql")])
    move, offer = changes
    assert (move["path"], move["cause"]["criterion"]) == (["mql"], "stages.mql.enter")
    assert (move["since"], move["next_deadline"]) == (life.now, life.now + 4 * HOUR)
    assert move["why"]["evidence"][0]["value"] == "3"
    assert offer["accept_by"] == life.now + 4 * HOUR


def test_who_is_an_mql_either_way_hears_nothing_and_keeps_hand_off_deadline_and_reminder() -> None:
    life = Life(ladder(3))
    views(life, 3)
    offered = life.handoffs[-1]
    life.wait(HOUR)
    assert life.switch(ladder(2)) == []
    (reminded,) = [one for one in life.wait(2 * HOUR) if one["record"] == "mql_handoff"]
    assert (reminded["action"], reminded["handoff"]) == ("reminded", offered["handoff"])
    accepted = life.tell("handoff_accepted", handoff=offered["handoff"], actor="sam")
    assert actions(accepted) == [("accepted", "mql")]


def test_a_reminder_that_was_given_is_not_given_again_under_other_terms() -> None:
    life = Life(ladder(3))
    views(life, 3)
    life.wait(3 * HOUR)
    sooner = HANDOFF.replace("remind: 2h", "remind: 1h, on_breach: [{after: 5h, do: escalate}]")
    assert life.switch(ladder(2, handoff=sooner)) == []
    assert actions(life.wait(3 * HOUR)) == [("escalated", "mql")]


def test_an_answer_under_the_old_definition_is_an_answer_under_the_new_one() -> None:
    answered = "id: sql, enter: {handoff: accepted}"
    life = Life(ladder(3, answered))
    views(life, 3)
    life.tell("handoff_accepted", handoff=life.handoffs[-1]["handoff"], actor="sam")
    assert life.stage == "sql"
    assert life.switch(ladder(2, answered)) == []


def test_a_contact_that_sales_has_accepted_in_its_present_stay_is_not_offered_again() -> None:
    life = Life(ladder(2))
    views(life, 2)
    life.tell("handoff_accepted", handoff=life.handoffs[-1]["handoff"], actor="sam")
    views(life, 2)  # under the new definition only these make the contact an MQL: nobody answers after them
    assert life.switch(ladder(4, "id: sql, enter: {handoff: accepted}")) != []
    assert actions(life.changes) == [("offered", "mql"), ("accepted", "mql")]
    assert life.stage == "sql"


def test_there_and_back_again_asks_sales_anew_under_another_id() -> None:
    life = Life(ladder(2))
    views(life, 2)
    life.switch(ladder(2, handoff=""))
    life.switch(ladder(2))
    assert actions(life.changes) == [("offered", "mql"), ("withdrawn", "mql"), ("offered", "mql")]
    ids = [one["handoff"] for one in life.handoffs if one["action"] == "offered"]
    assert len(set(ids)) == 2


def test_a_track_and_a_segment_that_go_away_are_told_to_their_end() -> None:
    more = (
        "segments:\n  heat: {when: [{id: warm, if: {did: {what: view}}}, {id: cold}]}\n"
        "tracks:\n  pql: {stages: [{id: tried, owner: sales, terminal: true, enter: {did: {what: view}}}]}\n"
    )
    text = stages("id: lead, enter: {did: {what: view}}")
    life = Life(plan_of(text + more))
    views(life, 1)
    changes = life.switch(plan_of(text))
    assert [(one["record"], one["from"], one["to"]) for one in changes] == [
        ("stage_changed", "tried", None),
        ("segment_changed", "warm", None),
    ]
    back = life.switch(plan_of(text + more))
    assert [(one["record"], one["from"], one["to"]) for one in back] == [
        ("stage_changed", None, "tried"),
        ("segment_changed", None, "warm"),
    ]


def test_stages_passed_on_the_way_up_are_in_the_path_but_not_those_that_were_told_before() -> None:
    life = Life(plan_of(stages("id: lead, enter: {did: {what: view}}")))
    views(life, 3)
    one, two, three = (
        "id: lead, enter: {did: {what: view}}",
        "id: mql, enter: {did: {what: form}}",
        "id: sql, enter: {did: {what: product, at_least: 3}}",
    )
    (change,) = life.switch(plan_of(stages(one, two, three)))
    assert (change["from"], change["to"], change["path"]) == ("lead", "sql", ["mql", "sql"])


def test_an_anonymous_visitor_moves_but_is_offered_to_nobody() -> None:
    life = Life(ladder(5))
    life.contact_id = "anon:v1"
    views(life, 3)
    changes = life.switch(ladder(2))
    assert (moves(changes), actions(changes)) == ([("lead", "mql")], [])


def test_an_erased_contact_hears_nothing_and_stays_erased() -> None:
    life = Life(ladder(2))
    views(life, 3)
    life.tell("contact_erased")
    assert life.switch(ladder(5)) == []
    assert life.tell("page_view", url="/products/a")[0]["record"] == "event_refused"


def test_what_the_new_definition_would_have_done_since_is_done_when_it_comes() -> None:
    quiet = "id: cold, detour: true, leave: [{goto: lead, when: {did: {what: form}}}]"
    leave = "id: lead, enter: {did: {what: view}}, leave: [{goto: cold, after: 30d}]"
    life = Life(plan_of(stages("id: lead, enter: {did: {what: view}}")))
    views(life, 1)
    life.wait(10 * DAY)
    assert life.switch(plan_of(stages(leave, quiet))) == []
    assert moves(life.wait(19 * DAY)) == []
    assert moves(life.wait(DAY)) == [("lead", "cold")]


def test_in_place_the_stages_stay_and_the_new_criteria_decide_from_here_on() -> None:
    life = Life(ladder(2))
    views(life, 3)
    harder = ladder(2, handoff=HANDOFF.replace("4h", "3h"))
    assert harder.shape_hash == life.plan.shape_hash
    assert life.switch(harder, in_place=True) == []
    assert actions(life.wait(2 * HOUR)) == [("reminded", "mql")]


def scored(points: int) -> Plan:
    return plan_of(
        "scores:\n  fit: {rules: [{id: viewed, per: view, points: 10}]}\n"
        + stages(
            "id: lead, enter: {did: {what: view}}",
            f"id: mql, enter: {{score: {{fit: {{gte: {points}}}}}}}, {HANDOFF}",
        )
    )


def test_in_place_a_lower_threshold_is_crossed_at_once_and_a_higher_one_sends_nobody_back() -> None:
    life = Life(scored(50))
    assert scored(50).shape_hash == scored(20).shape_hash
    views(life, 3)
    assert moves(life.switch(scored(20), in_place=True)) == [("lead", "mql")]
    assert life.changes[-1]["cause"]["criteria_change"] == scored(50).plan_hash
    assert life.switch(scored(80), in_place=True) == []
    assert life.stage == "mql"


def cooling(days: int) -> Plan:
    quiet = "id: cold, detour: true, leave: [{goto: lead, when: {did: {what: form}}}]"
    return plan_of(
        stages(f"id: lead, enter: {{did: {{what: view}}}}, leave: [{{goto: cold, after: {days}d}}]", quiet)
    )


@pytest.mark.parametrize("late", [0, 1, 5 * DAY])
def test_in_place_what_was_due_by_the_barrier_names_its_own_timer(late: int) -> None:
    life = Life(cooling(30))
    views(life, 1)
    due = life.now + 30 * DAY
    life.now = due + late
    (change,) = life.switch(cooling(90), in_place=True)
    assert (change["to"], change["at"], change["plan_hash"]) == ("cold", due, cooling(30).plan_hash)
    assert change["cause"]["timer"] == change["cause"]["criterion"] == "stages.lead.leave[0]"
    assert change["cause"]["criteria_change"] is None


def test_in_place_what_only_the_new_criteria_find_due_names_the_barrier() -> None:
    life = Life(cooling(90))
    views(life, 1)
    life.now += 30 * DAY
    (change,) = life.switch(cooling(30), in_place=True)
    assert (change["to"], change["at"]) == ("cold", life.now)
    assert (change["cause"]["timer"], change["cause"]["criteria_change"]) == (None, cooling(90).plan_hash)


def test_in_place_a_stage_that_asks_nobody_any_more_takes_its_hand_off_back() -> None:
    life = Life(ladder(2))
    views(life, 2)
    assert actions(life.switch(ladder(2, handoff=""), in_place=True)) == [("withdrawn", "mql")]


def test_a_record_read_again_from_before_the_barrier_changes_nothing() -> None:
    life = Life(ladder(5))
    views(life, 3)
    life.switch(ladder(2))
    assert lifecycle.apply(life.plan, life.state, life.events[-1])[1] == ()


def test_whom_the_new_criteria_do_not_know_they_take_over_as_somebody_new() -> None:
    idle = "{not: {active: {what: view, in_weeks: 1, of: 2}}}"
    new = plan_of(stages("id: lead, enter: {did: {what: view}}", f"id: away, enter: {idle}"))
    life = Life(ladder(3))
    views(life, 3)
    life.events.clear()
    assert moves(life.switch(new)) == [("mql", None)]
