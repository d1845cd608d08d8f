"""Events of a contact that is part of another one: passed on as the same bytes that the reference writes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import backend, lifecycle
from processors.lifecycle_files import load_lifecycle
from schemas.codec import decode_trusted, encode
from schemas.errors import SchemaError
from schemas.events import NEWEST
from tests.builders import both
from tests.builders.histories import events
from tests.builders.story import MONDAY, event

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
PLAN = load_lifecycle("buyers-journey")
READY = backend.compile_plan(PLAN, "outputs") if both.INSTALLED else None
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.text(),
    st.integers(-(10**18) + 1, 10**18 - 1).map(lambda number: Decimal(number).scaleb(-3)),
)
Step = tuple[int, bytes]


def ended(into: str = "c1") -> bytes:
    """State of a visitor who was identified."""
    state = b""
    for position, type_ in enumerate(("page_view", "page_view", "contact_identified")):
        told = event(type_, MONDAY, event_id=f"e{position}", contact_id="anon:v", into=into, url="/pricing")
        state, _changes = lifecycle.apply(PLAN, state, {**told, "position": position})
    return state


STATE = ended()


def by_reference(state: bytes, steps: list[Step]) -> tuple[bytes, list[tuple[int, Any]]]:
    told: list[tuple[int, Any]] = []
    for index, (position, value) in enumerate(steps):
        state, changes = lifecycle.apply(PLAN, state, {**decode_trusted(value), "position": position})
        told += [(index, both.expected(change)) for change in changes]
    return state, told


def compiled(state: bytes, steps: list[Step]) -> tuple[int, bytes, list[tuple[int, Any]]]:
    assert READY is not None
    ((done, _stopped, state, _due, changes),) = READY.run([(state, list(steps))])
    return done, state, [(step, both.output_of(READY, change)) for step, change in changes]


@given(events(), st.text(min_size=1))
def test_all_that_a_visitor_does_later_is_passed_on_as_the_reference_does_it(
    history: list[dict[str, Any]], into: str
) -> None:
    steps = [(one["position"] + 3, encode({**one, "contact_id": "anon:v"})) for one in history]
    state, told = by_reference(ended(into), steps)
    assert compiled(ended(into), steps) == (len(steps), state, told)
    assert len(told) == len(steps)


@given(st.dictionaries(st.text(), VALUES), st.one_of(st.none(), st.text()))
def test_any_value_is_passed_on_as_it_is(properties: dict[str, Any], source: str | None) -> None:
    custom = event(
        "custom_event", MONDAY, contact_id="anon:v", name="quiz", properties=properties, source=source
    )
    steps = [(5, encode(custom))]
    assert compiled(STATE, steps) == (1, *by_reference(STATE, steps))


def test_what_was_seen_before_and_what_is_of_no_contact_is_not_passed_on() -> None:
    view = event("page_view", MONDAY, contact_id="anon:v")
    steps = [
        (1, encode(view)),
        (7, encode({**view, "contact_id": None})),
        (8, encode(view)),
        (8, encode(view)),
    ]
    done, state, told = compiled(STATE, steps)
    assert (done, [step for step, _ in told]) == (len(steps), [2])
    assert (state, told) == by_reference(STATE, steps)


@pytest.mark.parametrize("type_", ["contact_erased", "history_transferred", "merge_undone"])
def test_what_even_such_a_contact_does_itself_is_left_to_the_reference(type_: str) -> None:
    assert compiled(STATE, [(5, encode(event(type_, MONDAY, contact_id="anon:v", state=b"")))]) == (
        0,
        STATE,
        [],
    )


@pytest.mark.parametrize(("written", "otherwise"), [
    (b"\x02\x02a\x00\x00", b"\x01\x06\x02a\x00\x00"),  # the size of a block in bytes
    (b"\x04\x02a\x00\x02b\x00\x00", b"\x02\x02a\x00\x02\x02b\x00\x00"),  # two blocks
    (b"\x02\x02a\x04\x10\x00", b"\x02\x02a\x04\x90\x00\x00"),  # a number in one byte too many
    (b"\x02\x02a\x08\x02\x05\x00", b"\x02\x02a\x08\x04\x00\x05\x00"),  # and a decimal
    (b"\x02\x02a\x08\x04\xff\x80\x00", b"\x02\x02a\x08\x02\x80\x00"),  # or in one too few for our writer
])  # fmt: skip
def test_what_another_writer_may_have_written_is_left_to_the_reference(
    written: bytes, otherwise: bytes
) -> None:
    start = encode(event("custom_event", MONDAY, contact_id="anon:v", properties={}))[:-1]
    assert encode(decode_trusted(start + otherwise)) == start + written
    assert compiled(STATE, [(5, start + otherwise)]) == (0, STATE, [])
    assert compiled(STATE, [(5, start + written)]) == (1, *by_reference(STATE, [(5, start + written)]))


@given(st.data())
def test_damaged_bytes_stop_it_or_are_what_the_reference_passes_on(data: st.DataObject) -> None:
    properties = {"a": 8, "b": Decimal("12.500"), "c": "text", "d": None, "e": True}
    whole = bytearray(
        encode(event("custom_event", MONDAY, contact_id="anon:v", event_id="e9", properties=properties))
    )
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(10, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    steps = [(5, bytes(whole))]
    done, state, told = compiled(STATE, steps)
    if done:
        assert (state, told) == by_reference(STATE, steps)
    else:
        assert (state, told) == (STATE, [])


def test_an_older_version_is_left_to_the_reference_which_writes_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = NEWEST["page_view"]
    added = {"name": "added", "type": ["null", "string"], "default": None}
    newer = replace(known, schema={**known.schema, "fields": [*known.schema["fields"], added]})
    monkeypatch.setattr(backend, "NEWEST", {**NEWEST, "page_view": newer})
    view = encode(event("page_view", MONDAY, contact_id="anon:v"))
    ((done, stopped, *_),) = backend.compile_plan(PLAN, "outputs").run([(STATE, [(5, view)])])
    assert done == 0
    assert stopped
    assert "older version" in stopped


def test_only_outputs_have_a_form_for_it() -> None:
    view = encode(event("page_view", MONDAY, contact_id="anon:v"))
    ((done, *_),) = backend.compile_plan(PLAN).run([(STATE, [(5, view)])])
    assert done == 0


def test_a_broken_record_is_left_to_the_reference() -> None:
    view = encode(event("page_view", MONDAY, contact_id="anon:v"))
    with pytest.raises(SchemaError):
        decode_trusted(view[:-1])
    assert compiled(STATE, [(5, view[:-1])]) == (0, STATE, [])
