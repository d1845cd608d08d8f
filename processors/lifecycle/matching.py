"""Which behaviours an event is: tests compiled to predicates, behaviours to one bit mask per event.

Rules of comparison: `eq`, `in`, `starts_with`, `ends_with` are exact; `contains` and `contains_any` ignore
case ("VP of Sales" contains "vp"); ordering needs numbers on both sides; a value of another type fails the
test instead of raising. An absent value fails every test but `ne` and `exists: false`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from schemas.events import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from processors.lifecycle.plan import Behaviour, Test

    Predicate = Callable[[Any], bool]

_STANDARD = frozenset(EVENT_TYPES)
_PATH = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)", re.DOTALL)


def compile_test(test: Test) -> Predicate:
    """One test as a predicate of the field's value (None is absent)."""
    return _COMPILERS[test.op](test.value)


def subject(event: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Name and fields that behaviours are written about: of a custom event, its own name and properties.

    A custom event cannot pass for a standard one.
    """
    if event["type"] != "custom_event" or event["name"] in _STANDARD:
        return event["type"], event
    return event["name"], {**event, **event["properties"]}


class Matcher:
    """Which behaviours an event is, as a bit mask: bit i is behaviour i."""

    __slots__ = ("_by_event",)

    def __init__(self, behaviours: tuple[Behaviour, ...]) -> None:
        self._by_event: dict[str, list[tuple[int, tuple[tuple[str, Predicate], ...]]]] = {}
        for index, behaviour in enumerate(behaviours):
            for atom in behaviour.atoms:
                tests = tuple((test.field, compile_test(test)) for test in atom.tests)
                self._by_event.setdefault(atom.event, []).append((1 << index, tests))

    def match(self, name: str, fields: Mapping[str, Any]) -> int:
        """Mask of an event, given as `subject` returns it."""
        mask = 0
        for bit, tests in self._by_event.get(name, ()):
            if all(predicate(fields.get(field)) for field, predicate in tests):
                mask |= bit
        return mask


@lru_cache(maxsize=8_192)  # a site's pages: a few thousand make nearly all of its views
def path_of(url: str) -> str:
    """Path of a URL or of a bare path; `/` when there is none."""
    found = _PATH.match(url)
    return (found and found.group(1)) or "/"


def glob(pattern: str) -> re.Pattern[str]:
    """Compile a path glob: `*` stays within a segment, `**` does not; `/a/**` is `/a` and all below it."""
    parts = re.split(r"(/\*\*/|/\*\*$|\*\*|\*)", pattern)
    wild = {"/**/": "/(?:.*/)?", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - a field may hold any scalar
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _eq(wanted: Any) -> Predicate:  # noqa: ANN401
    return lambda value: _same(value, wanted)


def _one_of(wanted: Any) -> Predicate:  # noqa: ANN401
    if all(isinstance(one, str) for one in wanted):
        strings = frozenset(wanted)
        return lambda value: isinstance(value, str) and value in strings
    return lambda value: any(_same(value, one) for one in wanted)


def _not_one_of(wanted: Any) -> Predicate:  # noqa: ANN401
    one_of = _one_of(wanted)
    return lambda value: value is not None and not one_of(value)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Predicate]:
    def compiler(wanted: Any) -> Predicate:  # noqa: ANN401
        return lambda value: (
            isinstance(value, int | Decimal) and not isinstance(value, bool) and compare(value, wanted)
        )

    return compiler


def _text(compare: Callable[[str, Any], bool]) -> Callable[[Any], Predicate]:
    return lambda wanted: lambda value: isinstance(value, str) and compare(value, wanted)


def _contains_any(wanted: Any) -> Predicate:  # noqa: ANN401
    needles = tuple(one.casefold() for one in wanted)
    return lambda value: isinstance(value, str) and any(one in value.casefold() for one in needles)


def _path(pattern: Any) -> Predicate:  # noqa: ANN401
    matches = glob(pattern).fullmatch
    return lambda value: isinstance(value, str) and matches(path_of(value)) is not None


_COMPILERS: dict[str, Callable[[Any], Predicate]] = {
    "eq": _eq,
    "ne": lambda wanted: lambda value: not _same(value, wanted),
    "in": _one_of,
    "not_in": _not_one_of,
    "gte": _ordered(ge),
    "gt": _ordered(gt),
    "lte": _ordered(le),
    "lt": _ordered(lt),
    "starts_with": _text(str.startswith),
    "ends_with": _text(str.endswith),
    "contains": lambda wanted: _contains_any((wanted,)),
    "contains_any": _contains_any,
    "path": _path,
    "exists": lambda wanted: lambda value: (value is not None) is wanted,
}
