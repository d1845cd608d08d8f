"""Values of tests, made ready for the plan: lists inlined, times in milliseconds, whole decimals integers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from processors.lifecycle.definition.grammar.value_tests import Test
from processors.lifecycle.plan import Test as PlanTest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from processors.lifecycle.plan import Scalar, TestOp
    from schemas.events import FieldType


def operator(test: object) -> tuple[TestOp, object]:
    """Split a test as written into its operator and operand; a value alone means `eq`."""
    if not isinstance(test, Test):
        return "eq", test
    (name,) = test.model_fields_set
    op: TestOp = name.rstrip("_")  # type: ignore[assignment]  # the model's fields are the operators
    return op, getattr(test, name)


def plan_test(field: str, test: object, kind: FieldType, lists: Mapping[str, Sequence[Scalar]]) -> PlanTest:
    """Resolve one checked test."""
    op, operand = operator(test)
    if isinstance(operand, str) and operand.startswith("$") and op in {"in", "not_in", "contains_any"}:
        operand = lists[operand[1:]]
    if isinstance(operand, (list, tuple)):
        return PlanTest(field=field, op=op, value=tuple(plan_value(value, kind) for value in operand))
    return PlanTest(field=field, op=op, value=plan_value(operand, kind))


def plan_value(value: object, kind: FieldType) -> Scalar:
    """Make a value as stored events hold it."""
    if kind.kind == "timestamp" and isinstance(value, str):
        return milliseconds(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, (str, int)):
        return value
    raise TypeError(f"not a scalar: {value!r}")


def milliseconds(text: str) -> int:
    """Read ISO 8601 with a zone, or a date, which is its midnight UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        if len(text) > len("2026-01-31"):
            raise ValueError("a time needs a zone")
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)
