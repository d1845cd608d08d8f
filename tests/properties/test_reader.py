"""The compiled reader on anything: it reads what the reference reads, or leaves it to the reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.codec import HEADER_BYTES
from schemas.errors import SchemaError
from schemas.events import NEWEST
from schemas.native import BACKEND
from schemas.reader import record_reader
from tests.builders import both
from tests.builders.random_events import published
from tests.builders.samples import sample

if TYPE_CHECKING:
    from schemas.events import Event

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)

with pytest.MonkeyPatch.context() as without:
    without.setenv(BACKEND, "reference")
    REFERENCE = {name: record_reader(record.schema, record.schema) for name, record in NEWEST.items()}
GENUINE = {name: codec.encode(sample(name))[HEADER_BYTES:] for name in NEWEST}


def same_or_left(name: str, raw: bytes, start: int = 0) -> bool:
    """Whether it was read; types, and the order of fields, count."""
    from stageline_native import Reader  # noqa: PLC0415 - a wheel of its own, which may be missing

    found = Reader(json.dumps(NEWEST[name].schema)).read(raw, start)
    if found is not None:
        assert repr(found) == repr(REFERENCE[name](raw, start))
    return found is not None


@pytest.mark.parametrize("name", NEWEST)
def test_every_record_that_we_write(name: str) -> None:
    raw = GENUINE[name]
    assert same_or_left(name, raw)
    assert same_or_left(name, b"before" + raw + b"after", len(b"before"))
    for length in range(len(raw)):
        with pytest.raises(SchemaError):
            _whole(name, raw[:length])
        assert not same_or_left(name, raw[:length])
    assert not same_or_left(name, raw, len(raw) + 1)


def _whole(name: str, raw: bytes) -> None:
    _, end = REFERENCE[name](raw, 0)
    if end > len(raw):
        raise SchemaError("cut short")


@given(published)
def test_any_event(event: Event) -> None:
    assert same_or_left(event["type"], codec.encode(event)[HEADER_BYTES:])


@given(st.sampled_from(sorted(GENUINE)), st.data())
def test_any_damage(name: str, data: st.DataObject) -> None:
    raw = GENUINE[name]
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 8)))
    try:
        same_or_left(name, raw[:start] + data.draw(st.binary(max_size=8)) + raw[end:])
    except SchemaError as error:
        pytest.fail(f"read what the reference refuses: {error}")


@given(st.sampled_from(sorted(GENUINE)), st.binary(max_size=200))
def test_any_bytes(name: str, raw: bytes) -> None:
    try:
        same_or_left(name, raw)
    except SchemaError as error:
        pytest.fail(f"read what the reference refuses: {error}")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "record", "name": "a", "fields": [{"name": "x", "type": ["null", "a"]}]},
        {"type": "record", "name": "a", "fields": [{"name": "x", "type": "float"}]},
        {"type": "record", "name": "a", "fields": [{"name": "x", "type": {"type": "fixed", "size": 4}}]},
        {"type": "record", "name": "a"},
        7,
    ],
)
def test_a_schema_that_is_not_read_here_is_left_to_the_reference(schema: object) -> None:
    from stageline_native import NeedsReference, Reader  # noqa: PLC0415 - as above

    with pytest.raises(NeedsReference):
        Reader(json.dumps(schema))


@pytest.mark.parametrize("item", ["null", {"type": "record", "name": "nothing", "fields": []}])
def test_items_of_no_bytes_are_left_to_the_reference(item: object) -> None:
    from stageline_native import Reader  # noqa: PLC0415 - as above

    schema = {
        "type": "record",
        "name": "a",
        "fields": [{"name": "x", "type": {"type": "array", "items": item}}],
    }
    many = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    assert Reader(json.dumps(schema)).read(many + b"\0", 0) is None
