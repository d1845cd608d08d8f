"""Whether a field can hold a value that passes several tests at once, and which."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from processors.lifecycle.matching import compile_test

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from processors.lifecycle.plan import Scalar, Test
    from schemas.events import FieldType

    Tests = Sequence[tuple[Test, bool]]

NUMBERS = {"integer", "number", "timestamp"}
STEP = Decimal("0.001")  # numbers are kept to three decimals


def some_value_passes(tests: Tests, kind: FieldType) -> bool:
    """Whether a value exists; when free text cannot be searched, it may."""
    if passing_value(tests, kind) is not None or _all_pass(tests, None):
        return True
    named = any(holds and test.op in {"eq", "in"} for test, holds in tests)
    return kind.kind == "string" and not named


def passing_value(tests: Tests, kind: FieldType) -> Scalar | None:
    """Return a value that passes every test; None when none is found, or only an absent one does."""
    return next((value for value in _candidates(tests, kind) if _all_pass(tests, value)), None)


def _all_pass(tests: Tests, value: Scalar | None) -> bool:
    return all(compile_test(test)(value) is holds for test, holds in tests)


def _candidates(tests: Tests, kind: FieldType) -> Iterator[Scalar]:
    """Yield values near everything the tests mention: between two of them nothing changes."""
    if kind.kind == "enum":
        yield from kind.symbols
    elif kind.kind == "boolean":
        yield from (True, False)
    elif kind.kind in NUMBERS:
        for value in _mentioned(tests):
            if isinstance(value, (int, Decimal)):
                step = STEP if kind.kind == "number" else 1
                yield from (value, value + step, value - step)
        yield 1_767_225_600_000 if kind.kind == "timestamp" else 1
    else:
        yield from _texts(tests)


def _mentioned(tests: Tests) -> Iterator[Scalar]:
    for test, _ in tests:
        yield from test.value if isinstance(test.value, tuple) else (test.value,)


def _texts(tests: Tests) -> Iterator[str]:
    parts: dict[str, list[str]] = {
        "starts_with": [],
        "contains": [],
        "contains_any": [],
        "path": [],
        "ends_with": [],
    }
    for test, holds in tests:
        values = test.value if isinstance(test.value, tuple) else (test.value,)
        if test.op in {"eq", "in"}:
            yield from (str(value) for value in values)
        elif holds and test.op in parts:
            parts[test.op].append(str(values[0]).replace("**", "a").replace("*", "a"))
    yield "".join(part for found in parts.values() for part in found) or "x"
