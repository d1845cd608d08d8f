"""Which behaviours an event is: tests compiled to predicates, behaviours to one bit mask per event.

Rules of comparison: `eq`, `in`, `starts_with`, `ends_with` are exact; `contains` and `contains_any` ignore
case ("VP of Sales" contains "vp"); ordering needs numbers on both sides; a value of another type fails the
test instead of raising. An absent value fails every test but `ne` and `exists: false`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from schemas.events import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from processors.lifecycle.plan import Atom, Behaviour, Test

    Predicate = Callable[[Any], bool]

REMEMBERED = 8_192  # pages of a site, mostly: a few thousand make nearly all of its views
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
        by_event: dict[str, list[tuple[int, Atom]]] = {}
        for index, behaviour in enumerate(behaviours):
            for atom in behaviour.atoms:
                by_event.setdefault(atom.event, []).append((1 << index, atom))
        self._by_event = {name: _EventMatcher(atoms) for name, atoms in by_event.items()}

    def match(self, name: str, fields: Mapping[str, Any]) -> int:
        """Mask of an event, given as `subject` returns it."""
        matcher = self._by_event.get(name)
        return 0 if matcher is None else matcher.match(fields)


class _EventMatcher:
    """The behaviours of one type of event. What the same values gave before is remembered."""

    __slots__ = ("_atoms", "_fields", "_known")

    def __init__(self, atoms: list[tuple[int, Atom]]) -> None:
        self._fields = tuple(dict.fromkeys(test.field for _bit, atom in atoms for test in atom.tests))
        self._atoms = [
            (bit, [(self._fields.index(test.field), compile_test(test)) for test in atom.tests])
            for bit, atom in atoms
        ]
        self._known: dict[tuple[Any, ...], int] = {}

    def match(self, fields: Mapping[str, Any]) -> int:
        values = tuple([fields.get(name) for name in self._fields])
        mask = self._known.get(values)
        if mask is None or _has_bool(values):  # True and 1 are one key
            mask = self._match(values)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[values] = mask
        return mask

    def _match(self, values: tuple[Any, ...]) -> int:
        mask = 0
        for bit, tests in self._atoms:
            if all(predicate(values[index]) for index, predicate in tests):
                mask |= bit
        return mask


def _has_bool(values: tuple[Any, ...]) -> bool:
    for value in values:  # noqa: SIM110 - `any` would make a generator for every event
        if value is True or value is False:
            return True
    return False


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
