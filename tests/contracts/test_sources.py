"""Sources by stage on a real Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.periods import EVER, Period
from projections.views.funnel import Rung, define, read_funnel
from projections.views.sources import TOUCHES, project, read_sources
from tests.builders.changes import DAY, START, History, why
from tests.builders.views import deliver, deliver_half_and_twice, dump

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.store import View

LADDER = (Rung(track="main", stage="lead"), Rung(track="main", stage="mql"))
ERASED = {"criterion": "contact_erased", "event_id": "e9", "timer": None, "criteria_change": None}


def touched(*sources: str | None) -> dict[str, Any]:
    """Reasons with the source of the first, last and crossing touch; `-`: there is no such touch."""
    touches: tuple[Any, ...] = tuple(
        None
        if source == "-"
        else {"event_id": "e1", "event_type": "page_view", "at": START, "source": source}
        for source in sources
    )
    told: dict[str, Any] = {f"{name}_touch": touch for name, touch in zip(TOUCHES, touches, strict=True)}
    return why(**told)


def told(view: View, stage: str = "lead", period: Period = EVER, most: int = 9) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = (one for one in read_sources(view.ask, START, period, most)["stages"] if one["stage"] == stage)
    return found


def test_each_touch_of_the_first_entry_counts_for_its_source(view: View) -> None:
    view.ask(define(LADDER))
    one, other = History("c1"), History("c2")
    one.enter("lead", why=touched("google", "google", "google"))
    one.wait(DAY).enter("mql", why=touched("google", "mail", "webinar"))
    one.wait(DAY).enter("lead", why=touched("google", "never", "never"))
    one.wait(DAY).enter("mql", why=touched("never", "never", "never"))
    other.enter("mql", path=["lead", "mql"], why=touched("mail", "google", "google"))
    for history in (one, other):
        deliver(view, history.changes)
    assert told(view, "mql")["sources"] == [
        {"source": "google", "first": 1, "last": 1, "crossing": 1},
        {"source": "mail", "first": 1, "last": 1, "crossing": 0},
        {"source": "webinar", "first": 0, "last": 0, "crossing": 1},
    ]
    assert told(view, "lead")["sources"] == [
        {"source": "google", "first": 1, "last": 2, "crossing": 2},
        {"source": "mail", "first": 1, "last": 0, "crossing": 0},
    ]


def test_no_touch_and_a_touch_without_a_source_are_none_told(view: View) -> None:
    history = History("c1")
    history.enter("lead", why=touched("google", None, "-"))
    deliver(view, history.changes)
    assert {one["source"]: one for one in told(view)["sources"]}[None] == {
        "source": None,
        "first": 0,
        "last": 1,
        "crossing": 1,
    }


def test_sources_beyond_those_asked_for_are_summed(view: View) -> None:
    for number, source in enumerate("aaabbc"):
        history = History(f"c{number}")
        history.enter("lead", why=touched(source, source, "z"))
        deliver(view, history.changes)
    lead = told(view, most=2)
    assert [one["source"] for one in lead["sources"]] == ["a", "z"]
    assert lead["others"] == {"first": 3, "last": 3, "crossing": 0}


def test_a_period_counts_who_first_came_in_it(view: View) -> None:
    for contact, day, source in (("c1", 0, "early"), ("c2", 1, "in it"), ("c3", 2, "late")):
        history = History(contact, START + day * DAY)
        history.enter("lead", why=touched(source, source, source))
        history.wait(DAY).enter("lead", why=touched("again", "again", "again"))
        deliver(view, history.changes)
    lead = told(view, period=Period(since=START + DAY, until=START + 2 * DAY))
    assert (lead["reached"], [one["source"] for one in lead["sources"]]) == (1, ["in it"])


def test_who_is_merged_or_erased_has_no_source(view: View, redis_url: str) -> None:
    merged, erased = History("anon:1"), History("c1")
    for history in (merged, erased):
        history.enter("lead", why=touched("secret", "secret", "secret"))
    merged.enter(None)
    erased.enter(None, cause=ERASED)
    for history in (merged, erased):
        deliver(view, history.changes)
    assert (told(view)["reached"], told(view)["sources"]) == (0, [])
    assert "c1" not in dump(redis_url, view)["sources:main:lead"]


sources = st.sampled_from(("google", "<b>", "", "Ünï", None, "-"))
entries = st.lists(
    st.tuples(st.sampled_from(("lead", "mql", None)), st.tuples(sources, sources, sources)), max_size=5
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contacts=st.lists(entries, max_size=4), half=st.integers(0, 2))
def test_sources_sum_to_the_funnel_and_half_a_change_is_made_whole(
    contacts: list[list[tuple[str | None, tuple[str | None, ...]]]],
    half: int,
    new_view: Callable[[], View],
    redis_url: str,
) -> None:
    once, again = new_view(), new_view()
    for number, steps in enumerate(contacts):
        history = History(f"c{number}")
        for stage, touches in steps:
            if stage is not None or history.stage is not None:
                path = {"lead": ["lead"], "mql": ["lead", "mql"]}.get(stage or "", [])
                history.enter(stage, path=path, why=touched(*touches))
        for change in history.changes:
            deliver_half_and_twice(again, change, project(change), half)
        deliver(once, history.changes)
    assert dump(redis_url, once) == dump(redis_url, again)
    reached = {stage["stage"]: stage["reached"] for stage in read_funnel(once.ask, START)["stages"]}
    for stage in read_sources(once.ask, START, EVER, 2)["stages"]:
        for touch in TOUCHES:
            counted = sum(one[touch] for one in stage["sources"]) + stage["others"][touch]
            assert counted == stage["reached"] == reached[stage["stage"]]
