"""Whatever a file says, loading it ends soon, in a plan or in problems that have a place and a remedy."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.lifecycle.definition.load import load
from processors.lifecycle.plan_json import plan_from_json, plan_to_json
from processors.lifecycle_files import presets, read_lifecycle
from processors.strict_yaml.problem import lines_of
from processors.strict_yaml.source import Value, read

if TYPE_CHECKING:
    from processors.strict_yaml.source import Path

WORDS = [
    "engagement",
    "lead",
    "mql",
    "total",
    "counts",
    "main",
    "$dach",
    "7d",
    "0d",
    "50%",
    "none",
    "page_view",
]
BYTES = [b"", b"{", b"]", b"\n", b": ", b"- ", b"&a ", b"*a"]
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2_000),
    st.sampled_from(WORDS),
    st.text(max_size=5),
    st.sampled_from([[], {}, [[]], {"": {}}, {"did": {"what": "engagement"}}, {"any": ["gone_quiet"]}]),
)


@cache
def sources() -> dict[str, tuple[Value, list[Path]]]:
    found = {preset: read(read_lifecycle(preset)[1], preset) for preset in presets()}
    return {preset: (source.value, sorted(source.values, key=str)) for preset, source in found.items()}


def plain(value: Value) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(json.dumps(value, default=float))


def at(value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
    for step in path:
        value = value[step]
    return value


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A preset with a few values replaced, moved, doubled or removed; JSON is YAML."""
    value, paths = sources()[draw(st.sampled_from(sorted(sources())))]
    document = plain(value)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(paths[1:]))
        try:
            around, key = at(document, path[:-1]), path[-1]
            kind = draw(st.sampled_from(["replace", "remove", "move", "double"]))
            if kind == "replace":
                around[key] = draw(JUNK)
            elif kind == "remove":
                del around[key]
            elif kind == "move":
                around[key] = at(document, draw(st.sampled_from(paths[1:])))
            else:
                around.append(around[key])
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier edit took the place away
    try:
        return json.dumps(document).encode()
    except ValueError:
        return b"{}"  # moved into itself


def holds(data: bytes) -> None:
    loaded = load(data, "file.yaml")
    assert (loaded.plan is None) == bool(loaded.problems)
    lines = lines_of(loaded.text)
    for problem in loaded.problems:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.message
        assert "\n" not in problem.message + problem.remedy
    assert loaded.report.count("file.yaml:") >= bool(loaded.problems)
    if loaded.plan is not None:
        assert plan_from_json(plan_to_json(loaded.plan)) == loaded.plan


@settings(deadline=10_000)
@given(damaged())
def test_a_damaged_file_gives_a_plan_or_problems(data: bytes) -> None:
    holds(data)


@settings(deadline=10_000)
@given(st.sampled_from(sorted(presets())), st.data())
def test_a_file_with_characters_changed_gives_a_plan_or_problems(preset: str, data: st.DataObject) -> None:
    text = bytearray(read_lifecycle(preset)[1])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text) - 1))
        end = start + data.draw(st.integers(0, 12))
        text[start:end] = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from(BYTES)))
    holds(bytes(text))
