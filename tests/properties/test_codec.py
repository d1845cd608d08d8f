"""The codec against random events and random bytes."""

from __future__ import annotations

from copy import deepcopy
from io import BytesIO
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec, ndjson
from schemas.errors import SchemaError
from schemas.events import EVENT_TYPES, NEWEST
from schemas.values import validate
from tests.builders.random_events import anything, published
from tests.builders.samples import sample

if TYPE_CHECKING:
    from schemas.events import Event

GENUINE = [codec.encode(sample(name)) for name in EVENT_TYPES]
LINES = [ndjson.to_line(sample(name)).encode() for name in EVENT_TYPES]


def same(left: Event, right: Event) -> bool:
    """Equal in types too: 1, True and Decimal(1) are three things."""
    return repr(sorted(left.items())) == repr(sorted(right.items()))


@given(published)
def test_an_event_survives_avro(event: Event) -> None:
    raw = codec.encode(event)
    assert same(codec.decode(raw), event)
    assert same(codec.decode_trusted(raw), event)


@given(anything)
def test_an_event_survives_json(event: Event) -> None:
    line = ndjson.to_line(event)
    assert "\n" not in line
    assert same(ndjson.parse_line(line), event)


@given(anything)
def test_validating_twice_changes_nothing(event: Event) -> None:
    assert same(validate(deepcopy(event)), event)


@given(published)
def test_fastavro_reads_what_we_read(event: Event) -> None:
    raw = codec.encode(event)
    schema = fastavro.parse_schema(codec.without_times(NEWEST[event["type"]].schema))
    read: Any = fastavro.schemaless_reader(BytesIO(raw[10:]), schema, None)
    assert same(read | {"type": event["type"]}, codec.decode_trusted(raw))


def refused_or_valid(raw: bytes) -> None:
    try:
        event = codec.decode(raw, lambda _: NEWEST["deal_changed"])
    except SchemaError:
        return
    assert event["type"] in EVENT_TYPES
    assert same(codec.decode(codec.encode(event)), event)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_valid(raw: bytes) -> None:
    refused_or_valid(raw)


@given(st.sampled_from([raw[:10] for raw in GENUINE]), st.binary(max_size=200))
def test_random_bytes_after_a_genuine_start_are_refused_or_valid(start: bytes, raw: bytes) -> None:
    refused_or_valid(start + raw)


@given(st.sampled_from(GENUINE + LINES), st.data())
def test_damaged_events_are_refused_or_valid(raw: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 8)))
    refused_or_valid(raw[:start] + data.draw(st.binary(max_size=8)) + raw[end:])


@given(st.binary(max_size=200))
def test_random_bytes_in_confluents_format_are_refused_or_valid(raw: bytes) -> None:
    refused_or_valid(b"\0" + raw)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5),
    st.data(),
)
def test_any_json_value_in_any_field_is_refused_or_valid(value: object, data: st.DataObject) -> None:
    event = sample(data.draw(st.sampled_from(EVENT_TYPES)))
    name = data.draw(st.sampled_from(sorted(event)))
    try:
        valid = validate(ndjson.event_of(event | {name: value}))
    except SchemaError:
        return
    assert same(codec.decode(codec.encode(valid)), valid)


@pytest.mark.parametrize("size", [codec.MAX_BYTES, codec.MAX_BYTES + 1])
def test_the_largest_input_is_answered_at_once(size: int) -> None:
    """Worst cases of the readers: one long integer, one long map, one long text."""
    start = GENUINE[EVENT_TYPES.index("custom_event")][:10]
    for filling in (b"\x80", b"\x02", b"\xff", b"\0"):
        with pytest.raises(SchemaError):
            codec.decode((start + filling * size)[:size])
    with pytest.raises(SchemaError):
        codec.decode((b'{"type":' + b"[" * size)[:size])
