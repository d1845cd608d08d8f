"""Many contacts at once, from Avro: the same as the reference, and where it has to be asked instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import lifecycle
from processors.backend import compile_plan
from processors.lifecycle_files import load_lifecycle, presets
from schemas.codec import decode_trusted, encode
from tests.builders import both
from tests.builders.histories import events
from tests.builders.story import DAY, MONDAY, event

if TYPE_CHECKING:
    from processors.engine.batch import Output

    Change = dict[str, Any]

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
PLANS = {name: load_lifecycle(name) for name in presets()}
READY = {name: compile_plan(plan, "outputs") for name, plan in PLANS.items()} if both.INSTALLED else {}
Steps = list[tuple[int, bytes | None]]


def folded(name: str, steps: Steps) -> tuple[bytes, list[tuple[int, Output | Change]]]:
    """What the reference makes of steps."""
    plan, changes = PLANS[name], []
    contact = lifecycle.load(plan, b"")
    for index, (at, record) in enumerate(steps):
        if record is None:
            out = lifecycle.tick(plan, contact, at)
        else:
            out = lifecycle.fold(plan, contact, {**decode_trusted(record), "position": at})
        changes += [(index, both.expected(change)) for change in out]
    return lifecycle.dump(plan, contact), changes


@given(st.sampled_from(sorted(PLANS)), events())
def test_records_and_clocks_in_one_go_are_what_the_reference_makes_of_them(
    name: str, history: list[dict[str, Any]]
) -> None:
    steps: Steps = [(one["position"], encode(one)) for one in history]
    steps.insert(len(steps) // 2, (MONDAY + 100 * DAY, None))
    steps.append((MONDAY + 1_000 * DAY, None))
    ((done, stopped, state, due, changes),) = READY[name].run([(b"", steps)])
    assert (done, stopped) == (len(steps), None)
    told = [(step, both.output_of(READY[name], change)) for step, change in changes]
    assert (state, told) == folded(name, steps)
    assert due == lifecycle.next_due(state)


@pytest.mark.parametrize(
    "broken", [b"", b"\xc3\x01", b"\xc3\x01" + bytes(8), encode(event("page_view", 5))[:-1]]
)
def test_it_stops_before_what_it_cannot_do_and_says_why(broken: bytes) -> None:
    view = encode(event("page_view", MONDAY, event_id="e0", url="/pricing"))
    steps: Steps = [(0, view), (1, broken), (2, view)]
    ((done, stopped, state, _due, _changes),) = READY["full"].run([(b"", steps)])
    assert done == 1
    assert stopped
    assert state == folded("full", steps[:1])[0]


def test_a_state_that_cannot_be_read_comes_back_as_it_is() -> None:
    view = encode(event("page_view", MONDAY, event_id="e0", url="/pricing"))
    (given_out,) = READY["full"].run([(b"\x93abc", [(0, view)])])
    assert given_out[0] == 0
    assert given_out[2] == b"\x93abc"


@given(st.binary(max_size=200))
def test_random_bytes_after_a_header_stop_it_or_are_what_the_codec_reads(body: bytes) -> None:
    start = encode(event("page_view", MONDAY))[:10]
    ((done, _stopped, state, _due, _changes),) = READY["full"].run([(b"", [(0, start + body)])])
    if done:
        assert state == folded("full", [(0, start + body)])[0]
