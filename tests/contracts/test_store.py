"""The script that applies changes, on a real Redis: once, in order, together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from projections.commands import key
from projections.store import Batch, Outcome, RedisAwayError, View, connect
from projections.views.contact import read_contact
from projections.views.funnel import read_funnel
from projections.views.latest import resolve
from schemas.errors import LifecycleError
from tests.builders.changes import DAY, START, History
from tests.builders.views import deliver, dump

if TYPE_CHECKING:
    from collections.abc import Callable


def counts(view: View) -> dict[str, int]:
    return {stage["stage"]: stage["now"] for stage in read_funnel(view.ask, START)["stages"]}


def moved_twice() -> History:
    history = History("c1")
    history.enter("lead")
    history.wait(DAY).enter("mql")
    return history


def test_a_batch_delivered_again_writes_nothing(view: View, redis_url: str) -> None:
    history = moved_twice()
    assert deliver(view, history.changes).applied == 2
    once = dump(redis_url, view)
    for _ in range(3):
        assert deliver(view, history.changes).applied == 0
    assert dump(redis_url, view) == once


def test_a_batch_from_another_position_is_refused_and_told_the_position(view: View) -> None:
    history = moved_twice()
    batch = Batch(partition="stage-changed/0", expected=None, after=2, changes=history.changes)
    assert view.apply([batch]) == [Outcome(position=2, applied=2)]
    assert view.apply([batch]) == [Outcome(position=2, applied=None)]
    ahead = Batch(partition="stage-changed/1", expected=7, after=8, changes=history.changes)
    assert view.apply([ahead]) == [Outcome(position=None, applied=None)]
    assert view.positions() == {"stage-changed/0": 2}


def test_one_partition_that_moved_does_not_hold_up_the_others(view: View) -> None:
    moved = Batch(partition="stage-changed/0", expected=9, after=10, changes=())
    other = Batch(partition="stage-changed/1", expected=None, after=2, changes=moved_twice().changes)
    assert [outcome.applied for outcome in view.apply([moved, other])] == [None, 2]


def test_a_change_that_comes_too_early_is_held_and_applied_in_its_turn(
    view: View, new_view: Callable[[], View], redis_url: str
) -> None:
    history = moved_twice()
    history.wait(DAY).enter("sal")
    first, second, third = history.changes
    deliver(view, [first])
    deliver(view, [third], "stage-changed/1")
    assert (counts(view), view.held()) == ({"lead": 1}, 1)
    deliver(view, [second])
    assert (counts(view), view.held()) == ({"lead": 0, "mql": 0, "sal": 1}, 0)
    in_order = new_view()
    deliver(in_order, history.changes)
    assert dump(redis_url, view) == dump(redis_url, in_order)


def test_a_gap_is_seen_and_the_contact_stays_where_it_surely_was(view: View) -> None:
    history = moved_twice()
    history.wait(DAY).enter("sal")
    deliver(view, [history.changes[0], history.changes[2]])
    assert (counts(view), view.held()) == ({"lead": 1}, 1)
    contact = read_contact(view.ask, "c1")
    assert contact is not None
    assert contact["stages"]["main"]["id"] == "lead"


def test_each_record_type_has_its_own_sequence(view: View) -> None:
    history = History("c1")
    history.enter("lead")
    history.band("warm")
    history.handoff("offered")
    assert [change["sequence"] for change in history.changes] == [1, 1, 1]
    assert deliver(view, history.changes).applied == 3


def test_a_change_applied_half_is_made_whole_by_applying_it_again(
    view: View, new_view: Callable[[], View], redis_url: str
) -> None:
    """A script is not rolled back: here a key of the wrong type stops it in the middle."""
    history = moved_twice()
    view.ask(("SET", key("latest"), "in the way"))
    with pytest.raises(Exception, match="WRONGTYPE"):
        deliver(view, history.changes)
    view.ask(("DEL", key("latest")))
    deliver(view, history.changes)
    whole = new_view()
    deliver(whole, history.changes)
    assert dump(redis_url, view) == dump(redis_url, whole)


def test_arrivals_can_be_followed_from_any_point(view: View) -> None:
    history = moved_twice()
    deliver(view, history.changes)
    (first, one), (last, two) = view.arrivals("0", 10)
    assert [change["to"] for change in resolve(view.ask, [one, two])] == ["lead", "mql"]
    assert view.arrivals(first, 10) == [(last, two)]
    assert view.arrivals(last, 10) == []


def test_a_removed_view_leaves_no_key_and_touches_no_other(view: View, redis_url: str) -> None:
    other = View(connect(redis_url), view.name + "0")
    for each in (view, other):
        deliver(each, moved_twice().changes)
    view.remove()
    assert (dump(redis_url, view), view.positions()) == ({}, {})
    assert dump(redis_url, other) != {}
    other.remove()


def test_an_address_where_nothing_answers_is_told_as_such() -> None:
    view = View(connect("redis://127.0.0.1:1/0"), "none")
    with pytest.raises(RedisAwayError, match=r"127\.0\.0\.1:1"):
        view.held()


def test_an_address_that_makes_no_sense_is_told_as_such() -> None:
    with pytest.raises(LifecycleError, match="REDIS_URL"):
        connect("localhost:6379")
