from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.strict_yaml.source import MAX_BYTES, MAX_DEPTH, Place, Source, read


def source(text: str) -> Source:
    return read(text.encode(), "file.yaml")


def refusal(text: str) -> str:
    (problem,) = source(text).problems
    return f"{problem.line}:{problem.column} {problem.message}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: NO", {"on": "NO"}),
        ("yes: off", {"yes": "off"}),
        ("from: 09:00", {"from": "09:00"}),
        ("day: 2026-12-25", {"day": "2026-12-25"}),
        ("version: 2.3.0", {"version": "2.3.0"}),
        ("n: 1_000", {"n": "1_000"}),
        ("n: 2.50", {"n": Decimal("2.50")}),
        ("n: -7", {"n": -7}),
        ("n: 0x1F", {"n": 31}),
        ("n: 0o17", {"n": 15}),
        ("n: 017", {"n": 17}),
        ("a: [true, null, ~, 'true', \"7\"]", {"a": [True, None, None, "true", "7"]}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("\ufeffa: b", {"a": "b"}),
        ("a:\r\n  - b\r\n", {"a": ["b"]}),
        ("", None),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    read_source = source(text)
    assert read_source.problems == []
    assert read_source.value == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "3:1 the key 'a' appears twice; the first is on line 1"),
        ("a: &x 1", "1:4 '&x' is an anchor: not part of this language"),
        ("a: *x", "1:4 '*x' is an alias: not part of this language"),
        (
            "a: !!python/object:os.system x",
            "1:4 '!!python/object:os.system' is a tag: not part of this language",
        ),
        ("a: 1\n---\nb: 2", "2:1 a second document starts here"),
        ("? [a, b]\n: c", "1:3 a key must be a name, not a list or a mapping"),
        ("1: a", "1:1 the key '1' is not text"),
        ("a: 1e400000000", "1:4 '1e400000000' is not a number that can be compared exactly"),
        ("a: .inf", "1:4 '.inf' is not a number that can be compared exactly"),
        ("a: 1234567890123456", "1:4 '1234567890123456' is not a number that can be compared exactly"),
        (r'a: "x\ud800"', "1:4 text holds a character that cannot be seen"),
        (r'a: "x\0"', "1:4 text holds a character that cannot be seen"),
        (r'a: "x\u202e"', "1:4 text holds a character that cannot be seen"),
        (r'"\x1b": a', "1:1 text holds a character that cannot be seen"),
        ("a: [1, 2", "1:9 not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: b: c", "1:5 not valid YAML: mapping values are not allowed here"),
        ("a: x\x00y", "1:5 a control character cannot stand here"),
    ],
)
def test_what_could_mislead_is_refused_where_it_stands(text: str, message: str) -> None:
    assert refusal(text) == message


def test_every_value_and_key_has_its_place() -> None:
    places = source("stages:\n  - {id: mql, enter: x}\n")
    assert places.place(("stages", 0, "id")) == Place(line=2, column=10, width=3)
    assert places.place(("stages", 0, "id"), key=True) == Place(line=2, column=6, width=2)
    assert places.place(("stages", 0, "owner")) == places.place(("stages", 0))


def test_depth_is_bounded_before_memory_is_spent() -> None:
    assert source("[" * MAX_DEPTH + "]" * MAX_DEPTH).problems == []
    assert refusal("[" * 500_000) == f"1:{MAX_DEPTH + 1} nested deeper than {MAX_DEPTH} levels"


def test_a_file_over_the_limit_is_not_read() -> None:
    assert refusal("#" * (MAX_BYTES + 1)) == "1:1 the file has 1,000,001 bytes; at most 1,000,000 are read"


def test_bytes_that_are_not_utf_8_are_placed() -> None:
    (problem,) = read(b"a: b\nc: \xff", "file.yaml").problems
    assert (problem.line, problem.column, problem.message) == (2, 4, "not valid UTF-8")


@given(st.binary(max_size=200))
def test_any_bytes_give_values_or_problems_and_nothing_else(data: bytes) -> None:
    read_source = read(data, "file.yaml")
    assert all(problem.line >= 1 and problem.column >= 1 for problem in read_source.problems)


@given(st.text(alphabet="ab:-[]{},#&*!|>'\"%@`? \n\t019.~", max_size=60))
def test_any_text_gives_values_or_problems_and_nothing_else(text: str) -> None:
    read_source = source(text)
    assert all(problem.message and problem.remedy for problem in read_source.problems)
