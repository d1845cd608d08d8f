"""docs/events.md is complete, and its examples work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.codec import decode
from schemas.events import EVENT_TYPES, HEADER, INTERNAL_TYPES, OUTPUT_TYPES, fields_of
from schemas.ndjson import parse_line

TEXT = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")
ROWS = {line.split("|")[1].strip(" `"): line for line in TEXT.splitlines() if line.startswith("| `")}


def documented(event_type: str) -> dict[str, bool]:
    """Field to whether it may be left out or null, as the table says."""
    cell = ROWS[event_type].replace("\\|", "/").split("|")[2]
    return {name: mark == "?" for name, mark in re.findall(r"`(\w+)`(\??)", cell)}


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_type_is_documented_with_its_fields(event_type: str) -> None:
    fields = {name: field for name, field in fields_of(event_type).items() if name not in HEADER}
    assert documented(event_type) == {
        name: field.nullable or not field.required for name, field in fields.items()
    }


def test_every_field_of_the_header_is_documented() -> None:
    header = TEXT[TEXT.index("## The header") : TEXT.index("## The types")]
    assert set(HEADER) <= set(re.findall(r"`(\w+)`", header))


@pytest.mark.parametrize("name", INTERNAL_TYPES + OUTPUT_TYPES)
def test_what_stageline_writes_itself_is_named(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_the_json_examples_are_events() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert [parse_line(line)["event_id"] for line in block.splitlines()] == ["e1", "e2", "e3"]


def test_the_python_example_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, bytes] = {}
    exec(block, {}, names)  # noqa: S102 - our own documentation
    assert decode(names["raw"])["url"] == "https://x.example/products/a"
