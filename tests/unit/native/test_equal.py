"""The compiled back-end against the reference, at every event of a made-up year, under every lifecycle file.

Every story of the other tests is told to both as well: see `tests/builders/both.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from processors import lifecycle
from processors.backend import compile_plan
from processors.intake import place_normal
from processors.lifecycle_files import load_lifecycle, presets
from processors.replay.summary import line_of
from schemas.codec import decode
from tests.bench.generate import rows
from tests.builders import both
from tests.builders.story import MONDAY, event

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
EVENTS, CONTACTS = 1_500, 60


def made_up_year(seed: int) -> Iterator[dict[str, Any]]:
    position = 0
    for row in rows(EVENTS, CONTACTS, seed):
        for placed in place_normal(decode(json.dumps(row).encode())):
            yield {**placed, "position": position}
            position += 1


@pytest.mark.parametrize("name", presets())
def test_states_and_changes_are_the_same_bytes_at_every_event(name: str) -> None:
    plan, states, changes = load_lifecycle(name), dict[str, bytes](), 0
    for placed in made_up_year(7):
        contact = placed["contact_id"]
        states[contact], told = both.apply(plan, states.get(contact, b""), placed)
        changes += len(told)
    for contact, state in states.items():
        due = lifecycle.next_due(state)
        if due is not None:
            states[contact], told = both.advance(plan, state, due + 90 * 86_400_000)
            changes += len(told)
    assert changes > CONTACTS


def test_changes_are_the_lines_that_replay_writes() -> None:
    plan, state, lines = load_lifecycle("buyers-journey"), b"", 0
    ready = compile_plan(plan, "lines")
    odd = {"source": 'say "hi"\\ \x01\t\n\x7f \u00e9\u2028\U0001f600', "url": "/pricing"}
    for position in range(9):
        told = event("page_view", MONDAY + position, event_id=f"e{position}", **odd)
        before, told = state, {**told, "position": position}
        state, changes = lifecycle.apply(plan, before, told)
        assert ready.apply(before, told)[1] == [line_of(change) for change in changes]
        lines += len(changes)
    assert lines
