"""Both back-ends asked the same: the compiled one must say what the reference says, byte for byte.

Without the wheel only the reference is asked; tests/unit/native says so.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgpack

from processors import lifecycle
from processors.backend import compile_plan
from processors.engine.compiled import switched, switched_in_full, told_of
from processors.engine.outputs import to_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import stageline_native

    from processors.engine.batch import Output
    from processors.lifecycle import Barrier
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]
    Step = tuple[bytes, tuple[Change, ...]]
    Forms = tuple[stageline_native.Plan, stageline_native.Plan]  # changes packed, and as outputs
    Other = Callable[[stageline_native.Plan], tuple[bytes, list[stageline_native.Change]]]

INSTALLED = find_spec("stageline_native") is not None
WHY_NOT = (
    "stageline-native is not installed: it is built by scripts/check and scripts/test where cargo (a Rust "
    "toolchain) is on PATH; without it the reference back-end is used, and there is nothing to compare"
)
RARE = frozenset((
    "engagement_voided", "contact_erased", "contact_identified", "contacts_merged", "merge_undone",
    "history_transferred",
))  # fmt: skip
"""What the compiled back-end leaves to the reference."""


def apply(plan: Plan, state: bytes, event: Mapping[str, Any]) -> Step:
    """`lifecycle.apply`, by both."""
    step = lifecycle.apply(plan, state, event)
    if INSTALLED:
        may_refuse = event["type"] in RARE or _ended(plan, state)
        _compare(step, lambda ready: ready.apply(state, dict(event)), plan, may_refuse=may_refuse)
    return step


def advance(plan: Plan, state: bytes, clock: int) -> Step:
    """`lifecycle.advance`, by both."""
    step = lifecycle.advance(plan, state, clock)
    if INSTALLED:
        _compare(step, lambda ready: ready.advance(state, clock), plan, may_refuse=False)
    return step


def switch(old: Plan, said: bytes, new: Plan, lived: bytes, barrier: Barrier) -> Step:
    """`lifecycle.switch`, by both."""
    state, changes = lifecycle.switch(old, said, new, lived, barrier)
    for way, told in ((switched_in_full, list(changes)), (switched, list(map(to_output, changes)))):
        (done,) = way(old, new, [(said, lived)], barrier)
        if done is None:
            assert not INSTALLED
            continue
        assert done[1] == told
        assert _content(done[0]) == _content(state)
        assert done[0] == state
    return state, changes


def _compare(step: Step, other: Other, plan: Plan, *, may_refuse: bool) -> None:
    from stageline_native import NeedsReference  # noqa: PLC0415

    packed, finished = _compiled(plan)
    try:
        state, changes = other(packed)
    except NeedsReference:
        assert may_refuse
        return
    assert [msgpack.unpackb(one) for one in changes if isinstance(one, bytes)] == list(step[1])
    assert changes == list(map(msgpack.packb, step[1]))
    assert [output_of(finished, one) for one in other(finished)[1]] == list(map(expected, step[1]))
    assert _content(state) == _content(step[0])
    assert state == step[0]


def output_of(ready: stageline_native.Plan, change: stageline_native.Change) -> Output | Change:
    """Read what the worker gets: an output, or a change that is none."""
    return told_of(change, ready.lifecycle)


def expected(change: Change) -> Output | Change:
    """Make the output that the reference makes; a refused event becomes a dead letter, of the record."""
    return change if change["record"] == "event_refused" else to_output(change)


def _content(state: bytes) -> Any:  # noqa: ANN401
    return msgpack.unpackb(state, strict_map_key=False) if state else None


def _ended(plan: Plan, state: bytes) -> bool:
    contact = lifecycle.load(plan, state)
    return contact.erased or contact.forward_to is not None


_plans: dict[int, tuple[Plan, Forms]] = {}
MOST_PLANS = 64  # made-up ones come by the thousand


def _compiled(plan: Plan) -> Forms:
    """One pair per plan, by identity: tests share plans."""
    known = _plans.get(id(plan))
    if known is None or known[0] is not plan:
        if len(_plans) >= MOST_PLANS:
            _plans.clear()
        known = _plans[id(plan)] = (plan, (compile_plan(plan), compile_plan(plan, "outputs")))
    return known[1]
