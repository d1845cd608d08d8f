"""Conversion by cohort on a real Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.periods import EVER, Period
from projections.views.cohorts import read_cohorts
from projections.views.funnel import Rung, define, reached
from projections.views.portions import PORTION
from tests.builders.changes import DAY, START, History
from tests.builders.views import deliver

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.store import View

LADDER = (
    Rung(track="main", stage="lead"),
    Rung(track="main", stage="mql"),
    Rung(track="main", stage="lost", detour=True),
    Rung(track="main", stage="sal"),
    Rung(track="pql", stage="trialing"),
)


def came(contact: str, day: int, *then: tuple[int, str | None]) -> History:
    """A lead of that day who came to other stages so many days later."""
    history = History(contact, START + day * DAY)
    history.enter("lead")
    for days, stage in then:
        history.wait(days * DAY).enter(stage)
    return history


def told(view: View, now: int, within: int, period: Period = EVER) -> dict[str, dict[str, Any]]:
    found = read_cohorts(view.ask, START + now * DAY, within * DAY, period)
    return {step["stage"]: step for step in found["stages"]}


def test_only_those_whose_time_is_over_count_and_the_others_stand_apart(view: View) -> None:
    view.ask(define(LADDER))
    for history in (
        came("in time to the millisecond", 0, (10, "mql")),
        came("too late", 0, (11, "mql")),
        came("never", 5),
        came("its time is not over yet", 20),
        came("not over yet, went on already", 25, (1, "mql")),
    ):
        deliver(view, history.changes)
    lead = told(view, now=30, within=10)["lead"]
    assert (lead["next"], lead["entered"], lead["decided"], lead["converted"]) == ("mql", 5, 3, 1)
    assert (lead["conversion"], lead["undecided"], lead["undecided_converted"]) == (1 / 3, 2, 1)
    assert told(view, now=31, within=10)["lead"]["decided"] == 4


def test_a_step_leads_past_detours_and_ends_with_its_track(view: View) -> None:
    view.ask(define(LADDER))
    found = told(view, now=0, within=1)
    assert [(step["stage"], step["next"]) for step in found.values()] == [("lead", "mql"), ("mql", "sal")]
    assert found["lead"]["conversion"] is None


def test_a_cohort_is_who_first_came_in_the_period(view: View) -> None:
    view.ask(define(LADDER))
    for history in (
        came("before", 9),
        came("first moment", 10, (2, "mql")),
        came("again", 9, (1, "lost"), (1, "lead"), (1, "mql")),
        came("after", 20, (1, "mql")),
    ):
        deliver(view, history.changes)
    period = Period(since=START + 10 * DAY, until=START + 20 * DAY)
    lead = told(view, now=99, within=30, period=period)["lead"]
    assert (lead["entered"], lead["converted"]) == (1, 1)


def test_who_became_part_of_another_counts_in_no_cohort(view: View) -> None:
    view.ask(define(LADDER))
    for history in (came("anon:1", 0, (1, None)), came("anna", 1, (1, "mql"))):
        deliver(view, history.changes)
    lead = told(view, now=99, within=30)["lead"]
    assert (lead["entered"], lead["conversion"]) == (1, 1.0)


def test_a_cohort_of_many_is_read_whole_and_none_twice(view: View) -> None:
    view.ask(define(LADDER))
    many = 2 * PORTION + 7
    contacts = [f"c{number}" for number in range(many)]
    for stage, after in (("lead", 0), ("mql", DAY)):
        pairs = (part for index, contact in enumerate(contacts) for part in (str(index % 5 + after), contact))
        view.ask(("ZADD", reached("main", stage), *pairs))
    found = read_cohorts(view.ask, START, DAY, Period(since=1))["stages"][0]
    assert found["entered"] == found["converted"] == sum(index % 5 > 0 for index in range(many))


moves = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(("lead", "mql", "sal", None))), min_size=1, max_size=5
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told_moves=st.lists(moves, max_size=5), within=st.integers(0, 4), now=st.integers(0, 20))
def test_cohorts_are_what_the_changes_say(
    told_moves: list[list[tuple[int, str | None]]], within: int, now: int, new_view: Callable[[], View]
) -> None:
    view = new_view()
    view.ask(define(LADDER))
    expected = []
    for number, steps in enumerate(told_moves):
        history = History(f"c{number}")
        first: dict[str, int] = {}
        for days, stage in steps:
            history.wait(days * DAY)
            if stage is not None or history.stage is not None:
                history.enter(stage)
            if stage is not None:
                first.setdefault(stage, history.at)
        deliver(view, history.changes)
        if history.stage is not None and "lead" in first:
            expected.append((first["lead"], first.get("mql")))
    ends = [(at + within * DAY, mql) for at, mql in expected]
    lead = told(view, now, within)["lead"]
    decided = [mql is not None and mql <= end for end, mql in ends if end < START + now * DAY]
    assert (lead["decided"], lead["converted"]) == (len(decided), sum(decided))
    assert lead["entered"] == len(expected)
