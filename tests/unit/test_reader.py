from __future__ import annotations

from io import BytesIO
from typing import Any

import fastavro
import pytest

from schemas.errors import SchemaError
from schemas.native import BACKEND
from schemas.reader import record_reader


@pytest.fixture(autouse=True, params=["reference", ""], ids=["reference", "as installed"])
def back_end(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND, request.param)


def record(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a schema is any JSON value
    """A record whose fields are given as type, or as (type, default)."""
    entries = [
        {"name": field, "type": type_[0], "default": type_[1]}
        if isinstance(type_, tuple)
        else {"name": field, "type": type_}
        for field, type_ in fields.items()
    ]
    return {"type": "record", "name": name, "fields": entries}


def read(value: dict[str, Any], writer: dict[str, Any], newest: dict[str, Any]) -> dict[str, Any]:
    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(writer), value)
    found, end = record_reader(writer, newest)(out.getvalue(), 0)
    assert end == len(out.getvalue())
    return dict(found)


def test_a_field_that_was_added_later_takes_its_default() -> None:
    old, new = record("a", x="long"), record("a", x="long", y=("string", "none yet"))
    assert read({"x": -7}, old, new) == {"x": -7, "y": "none yet"}


def test_a_field_that_was_removed_is_dropped() -> None:
    old, new = record("a", x="long", y="string"), record("a", y="string")
    assert read({"x": 1, "y": "kept"}, old, new) == {"y": "kept"}


def test_a_record_inside_may_change_too() -> None:
    def nested(inner: dict[str, Any]) -> dict[str, Any]:
        return record("a", many={"type": "array", "items": inner})

    old, new = nested(record("b", x="long")), nested(record("b", x="long", y=(["null", "long"], None)))
    assert read({"many": [{"x": 1}, {"x": 2}]}, old, new) == {
        "many": [{"x": 1, "y": None}, {"x": 2, "y": None}]
    }


def test_a_default_is_not_shared_between_records() -> None:
    old, new = record("a"), record("a", x=({"type": "map", "values": "long"}, {}))
    reader = record_reader(old, new)
    reader(b"", 0)[0]["x"]["left"] = 1
    assert reader(b"", 0)[0] == {"x": {}}


def test_a_type_defined_once_may_be_named_again() -> None:
    schema = record("a", x=record("b", n="long"), y="b", z={"type": "array", "items": "b"})
    value = {"x": {"n": 1}, "y": {"n": 2}, "z": [{"n": 3}]}
    assert read(value, schema, schema) == value


def test_integers_of_every_length_are_read() -> None:
    schema = record("a", x="long")
    for bits in range(64):
        for value in (2**bits - 1, -(2**bits)):
            assert read({"x": value}, schema, schema) == {"x": value}


def test_texts_of_every_length_are_read() -> None:
    schema = record("a", x="string", y="bytes")
    for size in (0, 1, 63, 64, 65, 127, 128, 8191, 8192, 70_000):
        value = {"x": "ü" * size, "y": b"\0" * size}
        assert read(value, schema, schema) == value


def test_doubles_of_others_are_read() -> None:
    schema = record("a", x=["null", "double"], y="double")
    for number in (0.0, -1.5, 1e300):
        value = {"x": number, "y": number}
        assert read(value, schema, schema) == value


def test_a_double_that_is_cut_short_is_refused() -> None:
    schema = record("a", x="double")
    with pytest.raises(SchemaError, match="field 'x': the bytes end too early"):
        record_reader(schema, schema)(b"\0" * 7, 0)
