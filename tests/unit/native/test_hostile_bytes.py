"""Random and damaged bytes: the compiled back-end refuses them, and goes on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import lifecycle
from processors.backend import compile_plan
from processors.engine.compiled import switched_in_full
from processors.lifecycle import Barrier
from processors.lifecycle_files import load_lifecycle
from tests.builders import both
from tests.builders.story import DAY, MONDAY, event

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
PLAN = load_lifecycle("full")
READY = compile_plan(PLAN) if both.INSTALLED else None
NEXT = {**event("page_view", MONDAY + 5, event_id="later", url="/pricing"), "position": 99}


def a_state() -> bytes:
    state = b""
    for position in range(12):
        told = event("page_view", MONDAY + position, event_id=f"e{position}", url=f"/products/{position}")
        state, _changes = lifecycle.apply(PLAN, state, {**told, "position": position})
    return state


STATE = a_state()


def apply(state: bytes, told: dict[str, Any]) -> bytes | None:
    import stageline_native  # noqa: PLC0415

    assert READY is not None
    try:
        return READY.apply(state, told)[0]
    except stageline_native.NeedsReference:
        return None


@given(st.binary(max_size=300))
def test_random_bytes_are_no_state(state: bytes) -> None:
    assert apply(state, NEXT) is None or not state


@given(st.integers(0, len(STATE) - 1), st.integers(1, 255))
def test_a_damaged_state_is_refused_or_means_what_the_reference_reads(place: int, change: int) -> None:
    damaged = bytearray(STATE)
    damaged[place] ^= change
    given_out = apply(bytes(damaged), NEXT)
    if given_out is not None:
        assert given_out == lifecycle.apply(PLAN, bytes(damaged), NEXT)[0]


@given(st.integers(0, len(STATE) - 1), st.integers(1, 255), st.sampled_from(("said", "lived", "in place")))
def test_a_damaged_state_goes_over_as_the_reference_reads_it_or_is_left_to_it(
    place: int, change: int, damaged: str
) -> None:
    odd = bytearray(STATE)
    odd[place] ^= change
    said, lived = (STATE if damaged == one else bytes(odd) for one in ("lived", "said"))
    barrier = Barrier(position=99, at=MONDAY + DAY, in_place=damaged == "in place")
    (done,) = switched_in_full(PLAN, PLAN, [(said, lived)], barrier)
    if done is not None:
        state, changes = lifecycle.switch(PLAN, said, PLAN, lived, barrier)
        assert done == (state, list(changes))


@given(st.integers(0, len(STATE) - 1))
def test_a_state_cut_short_is_refused(end: int) -> None:
    assert apply(STATE[:end], NEXT) is None or end == 0


@pytest.mark.parametrize("name", ["occurred_at", "received_at"])
@given(at=st.integers(-(1 << 65), 1 << 65))
def test_times_that_no_calendar_knows_are_left_to_the_reference(name: str, at: int) -> None:
    given_out = apply(STATE, {**NEXT, name: at})
    if given_out is not None:
        assert given_out == lifecycle.apply(PLAN, STATE, {**NEXT, name: at})[0]


def test_after_all_that_it_still_counts() -> None:
    assert apply(STATE, NEXT) == lifecycle.apply(PLAN, STATE, NEXT)[0]
