"""`full.yaml` shows how everything is written: what the grammar knows, it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import pytest

from processors.lifecycle.definition.grammar import lifecycle as grammar
from processors.lifecycle.definition.grammar.conditions import KINDS
from processors.lifecycle.definition.grammar.terms import Part
from processors.lifecycle.definition.load import load
from processors.lifecycle_files import read_lifecycle
from processors.strict_yaml.source import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.strict_yaml.source import Value

ONE_OF_TWO = {"contacts"}  # a file has one company roll-up, and this one takes the active contacts


def parts_of(value: object) -> Iterator[Part]:
    """Every mapping of the file, as the model it was read into."""
    if isinstance(value, Part):
        yield value
        for name in value.model_fields_set:
            yield from parts_of(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from parts_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts_of(inner)


def kinds(part: type[Part] = Part) -> Iterator[type[Part]]:
    for kind in part.__subclasses__():
        yield kind
        yield from kinds(kind)


def words(annotation: Any) -> Iterator[object]:  # noqa: ANN401 - annotations have no common type
    """The closed words that an annotation allows."""
    if annotation == grammar.Weekday:
        return
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for inner in get_args(annotation):
            yield from words(inner)


def scalars(value: Value) -> Iterator[Value]:
    """Every single value of the file."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from scalars(one)
    yield value


@pytest.fixture(scope="module")
def used() -> list[Part]:
    name, data = read_lifecycle("full")
    return list(parts_of(load(data, name).lifecycle))


@pytest.mark.parametrize("kind", list(kinds()), ids=str)
def test_every_key_of_every_mapping_is_used(kind: type[Part], used: list[Part]) -> None:
    found = {name for part in used if type(part) is kind for name in part.model_fields_set}
    assert set(kind.model_fields) - found == set()


def test_every_word_of_a_closed_choice_is_used() -> None:
    known = {
        word for kind in kinds() for field in kind.model_fields.values() for word in words(field.annotation)
    }
    source = read(read_lifecycle("full")[1], "full.yaml")
    used = {value for value in scalars(source.value) if isinstance(value, (str, int))}
    assert known - used == ONE_OF_TWO


def test_every_kind_of_condition_is_used(used: list[Part]) -> None:
    assert set(KINDS.values()) - {type(part) for part in used} == set()
