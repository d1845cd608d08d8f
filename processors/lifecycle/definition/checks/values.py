"""Every test must fit its field: an operator that the field's kind knows, a value that the field can hold."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle.definition import vocabulary
from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.lifecycle import EventFilter
from processors.lifecycle.definition.grammar.terms import show
from processors.lifecycle.definition.grammar.value_tests import Test
from processors.lifecycle.definition.values import milliseconds, operator
from processors.strict_yaml.problem import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.definition.vocabulary import Fields
    from processors.strict_yaml.source import Path
    from schemas.events import FieldType

EQUALITY = ("eq", "ne", "in", "not_in")
ORDER = ("gte", "gt", "lte", "lt")
TEXT = ("starts_with", "ends_with", "contains", "contains_any", "path")
LISTS = ("in", "not_in", "contains_any")
OPERATORS = {
    "string": (*EQUALITY, *TEXT),
    "enum": EQUALITY,
    "boolean": EQUALITY,
    "integer": (*EQUALITY, *ORDER),
    "number": (*EQUALITY, *ORDER),
    "timestamp": (*EQUALITY, *ORDER),
}
KINDS = {
    "string": "text", "enum": "one of a few values", "boolean": "true or false",
    "integer": "a whole number", "number": "a number", "timestamp": "a time",
}  # fmt: skip


class Tested(NamedTuple):
    """A test, where it stands, and the field it tests."""

    path: Path
    name: str
    test: object
    kind: FieldType


REMEDIES = {
    "string": "write text, in quotes if it looks like something else",
    "boolean": "write true or false, without quotes",
    "integer": "write a whole number without quotes, or compare with gte or lte",
    "number": "write a number without quotes",
}


def check_tests(file: File) -> None:
    """Check tests in behaviours and conditions, of fields that are declared."""
    for path, name, test, kind in _tests(file):
        op, operand = operator(test)
        place = (*path, op) if isinstance(test, Test) else path
        if op == "exists":
            continue
        if op not in OPERATORS[kind.kind]:
            can = ", ".join(("exists", *OPERATORS[kind.kind]))
            message = f"'{op}' cannot test {name}, which is {KINDS[kind.kind]}"
            file.refuse(place, message, f"it can be tested by {can}", key=True)
        elif op == "path":
            _check_glob(file, place, str(operand))
        else:
            for where, value in _operands(file, place, operand):
                _check_value(file, where, name, value, kind, ordered=op in ORDER)


def _tests(file: File) -> Iterator[Tested]:
    for name, behaviour in file.lifecycle.behaviours.items():
        if isinstance(behaviour, EventFilter):
            event, fields = behaviour.event, file.events.get(behaviour.event, {})
            yield from _known(("behaviours", name, "where"), behaviour.where, fields, f"{event}.")
    profile = vocabulary.profile_fields(file.lifecycle)
    for path, node in file.conditions:
        match node:
            case written.Profile():
                yield from _known((*path, "profile"), node.profile, profile, "")
            case written.Last():
                yield from _known((*path, "last"), node.last, _event_fields(file), "")
            case written.Deal(deal=written.DealTests() as tests):
                given = {name: getattr(tests, name) for name in sorted(tests.model_fields_set)}
                yield from _known((*path, "deal"), given, vocabulary.DEAL_FIELDS, "a deal's ")


def _known(path: Path, tests: Mapping[str, object], kinds: Fields, prefix: str) -> Iterator[Tested]:
    for name, test in tests.items():
        if name in kinds:
            yield Tested((*path, name), prefix + name, test, kinds[name])


def _event_fields(file: File) -> Fields:
    """Name the fields of all events as `last` does."""
    return {f"{event}.{name}": kind for event, fields in file.events.items() for name, kind in fields.items()}


def _operands(file: File, place: Path, operand: object) -> Iterator[tuple[Path, object]]:
    """Yield every value of an operand; those of a named list stand where it is used."""
    if isinstance(operand, list):
        yield from (((*place, i), value) for i, value in enumerate(operand))
    elif isinstance(operand, str) and operand.startswith("$") and place[-1] in LISTS:
        if file.known(place, "list", operand[1:], file.lifecycle.lists):
            yield from ((place, value) for value in file.lifecycle.lists[operand[1:]])
    else:
        yield place, operand


def _check_value(
    file: File, place: Path, name: str, value: object, kind: FieldType, *, ordered: bool
) -> None:
    if kind.kind == "enum":
        if value not in kind.symbols:
            file.refuse(place, f"{name} is never {show(value)}", nearest(value, kind.symbols))
    elif kind.kind == "timestamp":
        if not _is_time(value):
            remedy = 'write a date, or a time with its zone, as in "2026-01-31T12:00:00Z"'
            file.refuse(place, f"{show(value)} is not a time, but {name} is", remedy)
    elif not _fits(value, kind, ordered=ordered):
        shown = f'"{value}"' if isinstance(value, str) else show(value).strip("'")
        file.refuse(place, f"{name} is {KINDS[kind.kind]}, {shown} is not", REMEDIES[kind.kind])


def _fits(value: object, kind: FieldType, *, ordered: bool) -> bool:
    if kind.kind == "string":
        return isinstance(value, str)
    if kind.kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    whole = kind.kind == "integer" and not ordered  # 30.5 may bound a whole number, but never equals one
    return isinstance(value, int) or (isinstance(value, Decimal) and not whole)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and milliseconds(value) > 0
    except ValueError:
        return False


def _check_glob(file: File, place: Path, glob: str) -> None:
    if "://" in glob:
        path = glob.split("://")[1].partition("/")[2]
        file.refuse(place, "a path has no scheme and no host", f"write '/{path}'")
    elif not glob.startswith(("/", "*")):
        file.refuse(place, f"a URL's path starts with '/': '{glob}' never matches", f"write '/{glob}'")
    elif "?" in glob or "#" in glob:
        path = glob.replace("#", "?").split("?")[0]
        file.refuse(place, "a path has no query and no fragment", f"write '{path}'")
    elif any("**" in segment and segment != "**" for segment in glob.split("/")):
        file.refuse(place, "'**' stands for whole segments", "write it alone between slashes, as in /a/**")
