from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projections.commands import Key, key, packed
from projections.views import VIEWS, project
from tests.builders.changes import HOUR, History

IDEMPOTENT = {"ZADD", "ZREM", "ZREMRANGEBYRANK", "HSET", "HSETNX", "HDEL"}


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_different_parts_never_make_the_same_key(one: list[str], other: list[str]) -> None:
    assert (key(*one) == key(*other)) == (one == other)


def test_the_same_value_is_always_the_same_text() -> None:
    assert packed({"b": 1, "a": "é"}) == packed({"a": "é", "b": 1}) == '{"a":"é","b":1}'


def test_every_command_of_every_view_may_be_repeated() -> None:
    history = History("c1")
    history.enter("lead")
    history.wait(HOUR).enter("mql", path=["mql"])
    history.band("hot")
    history.band(None)
    for action in ("offered", "reminded", "accepted"):
        history.handoff(action)
    history.enter(None)
    history.joined("acme", "lead")
    history.moved("acme", "lead")
    history.joined("acme", None, 0, left=True)
    assert {change["record"] for change in history.changes} == set(VIEWS)
    verbs = {command[0] for change in history.changes for command in project(change)}
    assert verbs <= IDEMPOTENT


def test_every_command_names_its_key_so_that_the_store_finds_it() -> None:
    history = History("c1")
    for change in (history.enter("lead"), history.band("hot"), history.handoff("offered")):
        assert all(isinstance(command[1], Key) for command in project(change))
