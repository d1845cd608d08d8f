"""Outputs that the compiled back-end writes itself, and those that it leaves to the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgpack
import pytest

from processors import backend, lifecycle
from processors.engine.outputs import MAX_BYTES, to_output
from processors.lifecycle_files import load_lifecycle
from schemas.codec import encode
from schemas.events import NEWEST
from tests.builders import both
from tests.builders.story import MONDAY, event

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
PLAN = load_lifecycle("buyers-journey")
Change = dict[str, Any]


def history(**fields: Any) -> list[Change]:  # noqa: ANN401 - any event's fields
    """Views of pages, then a demo is asked for: a segment and the stage change, a hand-off is offered."""
    types = ["page_view"] * 8 + ["demo_requested"]
    return [
        {**event(type_, MONDAY + number, event_id=f"e{number}", url="/pricing", **fields), "position": number}
        for number, type_ in enumerate(types)
    ]


def told(events: list[Change]) -> list[tuple[Any, Change]]:
    """What the compiled back-end gives for each change of the reference."""
    ready, state, pairs = backend.compile_plan(PLAN, "outputs"), b"", list[tuple[Any, Change]]()
    for one in events:
        given = ready.apply(state, one)[1]
        state, changes = lifecycle.apply(PLAN, state, one)
        pairs += zip(given, changes, strict=True)
    return pairs


def test_any_text_is_written_and_hashed_as_the_reference_does_it() -> None:
    odd = 'say "hi"\\ \x01\x08\x0c\t\r\n\x7f \u00e9\u2028\uffff\U0001f600'
    pairs = told(history(contact_id=odd, source=odd))
    assert pairs
    ready = backend.compile_plan(PLAN, "outputs")
    assert [both.output_of(ready, made) for made, _ in pairs] == [to_output(change) for _, change in pairs]
    assert not any(isinstance(made, bytes) for made, _ in pairs)


def test_an_explanation_too_long_to_send_is_left_to_the_reference() -> None:
    pairs = told([one | {"event_id": one["event_id"] * (MAX_BYTES // 6)} for one in history()])
    long = [made for made, change in pairs if len(encode(change)) > MAX_BYTES]
    assert long
    assert all(isinstance(made, bytes) for made in long)
    assert [isinstance(made, bytes) for made, _ in pairs] == [
        len(encode(change)) > MAX_BYTES for _, change in pairs
    ]


@pytest.mark.parametrize("added", [
    {"name": "invented", "type": "string"},
    {"name": "late", "type": "string"},
    {"name": "owner", "type": ["null", "string", "long"], "default": None},
])  # fmt: skip
def test_a_record_that_is_not_as_its_schema_wants_it_is_left_to_the_reference(
    added: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = NEWEST["segment_changed"]
    fields = [one for one in known.schema["fields"] if one["name"] != added["name"]]
    other = replace(known, schema={**known.schema, "fields": [*fields, added]})
    monkeypatch.setattr(backend, "NEWEST", {**NEWEST, "segment_changed": other})
    pairs = told(history())
    packed = {change["record"]: isinstance(made, bytes) for made, change in pairs}
    assert packed == {"segment_changed": True, "stage_changed": False, "mql_handoff": False}
    assert all(msgpack.unpackb(made) == change for made, change in pairs if isinstance(made, bytes))


def test_fields_are_written_in_the_order_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    known = NEWEST["stage_changed"]
    turned = replace(
        known, schema={**known.schema, "fields": known.schema["fields"][-1:] + known.schema["fields"][:-1]}
    )
    plain = [made[2] for made, change in told(history()) if change["record"] == "stage_changed"]
    monkeypatch.setattr(backend, "NEWEST", {**NEWEST, "stage_changed": turned})
    other = [made[2] for made, change in told(history()) if change["record"] == "stage_changed"]
    assert plain != other
    assert sorted(plain[0]) == sorted(other[0])
