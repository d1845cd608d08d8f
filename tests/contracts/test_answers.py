"""How hand-offs are answered, on a real Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.periods import EVER, Period
from projections.views.answers import project_handoff, project_move, read_answers
from tests.builders.changes import DAY, HOUR, START, History
from tests.builders.views import deliver, deliver_half_and_twice, dump

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.store import View

ERASED = {"criterion": "contact_erased", "event_id": "e9", "timer": None, "criteria_change": None}
DUE = START + 4 * HOUR


def figures(view: View, period: Period = EVER, now: int = START + 99 * DAY, most: int = 9) -> dict[str, Any]:
    return read_answers(view.ask, now, period, most)


def ended(view: View, contact: str, action: str, after: int, due: int | None = DUE, **given: Any) -> None:  # noqa: ANN401 - fields of the record
    """Hand a contact over, and end that so many ms later."""
    history = History(contact)
    history.handoff("offered", f"h-{contact}", accept_by=due)
    history.wait(after).handoff(action, f"h-{contact}", accept_by=due, **given)
    deliver(view, history.changes)


def test_the_acceptance_rate_leaves_out_what_is_open_or_withdrawn(view: View) -> None:
    assert figures(view)["acceptance"] is None
    for contact, action in enumerate(
        ("accepted", "accepted", "rejected", "expired", "withdrawn", "reminded")
    ):
        ended(view, f"c{contact}", action, HOUR)
    found = figures(view)
    assert [found[name] for name in ("accepted", "rejected", "expired", "withdrawn")] == [2, 1, 1, 1]
    assert found["acceptance"] == 2 / 4


def test_an_answer_is_in_time_until_the_deadline_s_last_millisecond(view: View) -> None:
    for contact, action, after, due in (
        ("in time", "accepted", 4 * HOUR, DUE),
        ("rejected in time", "rejected", HOUR, DUE),
        ("late", "rejected", 4 * HOUR + 1, DUE),
        ("without a deadline", "accepted", 9 * DAY, None),
        ("expired", "expired", 8 * HOUR, DUE),
        ("withdrawn", "withdrawn", 8 * HOUR, DUE),
        ("open", "reminded", HOUR, DUE),
    ):
        ended(view, contact, action, after, due)
    found = figures(view, now=DUE)
    assert [found[name] for name in ("in_time", "late", "expired", "overdue")] == [2, 1, 1, 0]
    assert found["attainment"] == 2 / 4
    assert (figures(view)["overdue"], figures(view)["attainment"]) == (1, 2 / 5)


def test_half_of_the_answers_take_no_longer_than_the_median_time(view: View) -> None:
    assert figures(view)["median_time"] is None
    for contact, (action, after) in enumerate(
        (
            ("accepted", 9 * HOUR),
            ("accepted", HOUR),
            ("rejected", 3 * HOUR),
            ("rejected", 2 * HOUR),
            ("expired", 8 * HOUR),
        )
    ):
        ended(view, f"c{contact}", action, after, None)
    assert figures(view)["median_time"] == 2 * HOUR
    assert figures(view, Period(since=START + 3 * HOUR))["median_time"] == 3 * HOUR
    never_offered = History("c9")  # as far as this view was told
    never_offered.handoff("accepted", "h-c9")
    deliver(view, never_offered.changes)
    assert figures(view)["median_time"] == 2 * HOUR


def test_rejections_are_counted_by_reason_the_most_frequent_first(view: View) -> None:
    for contact, reason in enumerate(
        ("no budget", None, "no budget", "<b>wrong</b> size", "no budget", None)
    ):
        ended(view, f"c{contact}", "rejected", HOUR, reason=reason)
    assert figures(view)["reasons"] == [
        {"reason": "no budget", "handoffs": 3},
        {"reason": None, "handoffs": 2},
        {"reason": "<b>wrong</b> size", "handoffs": 1},
    ]
    assert (figures(view, most=1)["reasons"], figures(view, most=1)["other_reasons"]) == (
        [{"reason": "no budget", "handoffs": 3}],
        3,
    )


def returned(contact: str, day: int, *then: str) -> History:
    """A contact that sales sent back on that day; a day later its next hand-off takes these steps."""
    history = History(contact, START + day * DAY)
    history.handoff("accepted", f"{contact}-0")  # what came before is no success of the return
    history.wait(HOUR).handoff("rejected", f"{contact}-1", reason="no budget")
    history.enter("lead", cycle=1)
    history.wait(DAY)
    for action in then:
        history.handoff(action, f"{contact}-2")
    return history


def test_the_yield_counts_who_came_back_and_was_accepted_after_the_return(view: View) -> None:
    for history in (
        returned("accepted", 0, "offered", "accepted"),
        returned("rejected again", 0, "offered", "rejected"),
        returned("never came back", 0),
        returned("another time", 50, "offered", "accepted"),
    ):
        deliver(view, history.changes)
    quiet = History("went quiet")
    quiet.enter("lead", cycle=1)
    deliver(view, quiet.changes)
    found = figures(view, Period(until=START + 50 * DAY))
    assert found["returned"] == {"contacts": 3, "offered_again": 2, "accepted_later": 1, "yield": 1 / 3}
    assert found["recycled"] == {"contacts": 4, "offered_again": 2, "accepted_later": 1, "yield": 1 / 4}


def test_a_period_is_about_what_ended_or_was_due_in_it(view: View) -> None:
    ended(view, "before", "rejected", 0, reason="early")
    ended(view, "in it", "rejected", HOUR, reason="in it")
    ended(view, "after", "accepted", 2 * HOUR)
    ended(view, "open", "reminded", HOUR)
    found = figures(view, Period(since=START + HOUR, until=START + 2 * HOUR))
    assert [found[name] for name in ("accepted", "rejected", "in_time", "overdue")] == [0, 1, 1, 0]
    assert [one["reason"] for one in found["reasons"]] == ["in it"]
    assert figures(view, Period(since=START + 2 * HOUR, until=DUE + 1))["overdue"] == 1


def test_who_is_merged_or_erased_is_no_return_and_its_hand_offs_still_count(
    view: View, redis_url: str
) -> None:
    merged, erased = returned("merged", 0, "offered", "accepted"), returned("c1", 0, "offered", "accepted")
    merged.enter(None)
    erased.enter(None, cause=ERASED)
    for history in (merged, erased):
        deliver(view, history.changes)
    found = figures(view)
    assert (found["returned"]["contacts"], found["recycled"]["contacts"]) == (0, 0)
    assert (found["accepted"], found["rejected"]) == (4, 2)
    kept = dump(redis_url, view)
    names = ("returned", "recycled", "last-offered", "last-accepted")
    assert [contact for name in names for contact, _ in kept[name] if contact == "c1"] == []


step = st.one_of(
    st.tuples(
        st.just("handoff"),
        st.sampled_from(("offered", "accepted", "rejected", "expired")),
        st.integers(-2, 2),
    ),
    st.tuples(st.just("enter"), st.sampled_from(("lead", "mql")), st.integers(0, 2)),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, max_size=8), half=st.integers(0, 2))
def test_a_change_written_half_or_twice_is_as_if_written_once(
    steps: list[tuple[str, str, int]], half: int, new_view: Callable[[], View], redis_url: str
) -> None:
    once, again = new_view(), new_view()
    history = History("c1")
    for number, (kind, what, value) in enumerate(steps):
        history.wait(HOUR)
        if kind == "enter":
            history.enter(what, cycle=value)
        else:
            history.handoff(what, f"h{number}", accept_by=history.at + value)
    for change in history.changes:
        project = project_move if change["record"] == "stage_changed" else project_handoff
        deliver_half_and_twice(again, change, project(change), half)
    deliver(once, history.changes)
    assert dump(redis_url, once) == dump(redis_url, again)
    assert figures(once) == figures(again)
