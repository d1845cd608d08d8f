"""The compiled back-end on random histories: what it says is what the reference says, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import lifecycle
from processors.lifecycle_files import load_lifecycle, presets
from tests.builders import both
from tests.builders.histories import events
from tests.builders.story import DAY

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
PLANS = {name: load_lifecycle(name) for name in presets()}
WAITS = st.sampled_from((None, -1, 0, 1, DAY, 400 * DAY))  # from when the next timer is due


@given(
    st.sampled_from(sorted(PLANS)).map(PLANS.__getitem__), events(), st.lists(WAITS, min_size=25, max_size=25)
)
def test_a_random_history_is_the_same_bytes_at_every_step(
    plan: Plan, history: list[dict[str, Any]], waits: list[int | None]
) -> None:
    state = b""
    for event, wait in zip(history, waits, strict=False):
        state, _changes = both.apply(plan, state, event)
        due = lifecycle.next_due(state)
        if wait is not None and due is not None:
            state, _changes = both.advance(plan, state, due + wait)
