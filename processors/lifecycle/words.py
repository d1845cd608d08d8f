"""How values and conditions read in an explanation."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from processors.lifecycle.contact import DealIs
    from processors.lifecycle.plan import Test

_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "ms"))
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_OPS = {
    "eq": "is", "ne": "is not", "in": "is one of", "not_in": "is none of", "gte": "is at least",
    "gt": "is more than", "lte": "is at most", "lt": "is less than", "starts_with": "starts with",
    "ends_with": "ends with", "contains": "contains", "contains_any": "contains one of",
    "path": "has the path",
}  # fmt: skip


def duration(span: int) -> str:
    """`14 days`: the largest unit that leaves a whole number."""
    size, unit = next((size, unit) for size, unit in _UNITS if span % size == 0)
    return plural(span // size, unit)


def plural(number: int, unit: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {unit}" if number == 1 or unit == "ms" else f"{number} {unit}s"


def points(thousandths: int) -> str:
    """`62.5`: thousandths of a point as points."""
    whole, rest = divmod(abs(thousandths), 1000)
    text = f"{whole}.{rest:03}".rstrip("0").rstrip(".")
    return f"-{text}" if thousandths < 0 else text


def moment(at: int) -> str:
    """`2026-03-01T09:30:00.000Z`."""
    seconds, thousandths = divmod(at, 1_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{_day(days)}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}Z"


@lru_cache(maxsize=4_096)  # ten years of days
def _day(since_1970: int) -> str:
    return f"{date.fromordinal(_EPOCH_DAY + since_1970):%Y-%m-%d}"


def value(one: Any) -> str:  # noqa: ANN401 - any scalar
    """One value, or a list of them."""
    if isinstance(one, tuple):
        return ", ".join(value(item) for item in one)
    if isinstance(one, bool):
        return "yes" if one else "no"
    if isinstance(one, Decimal):
        return f"{one.normalize():f}"
    return "nothing" if one is None else str(one)


def test(one: Test) -> str:
    """`job_title contains one of director, vp`."""
    if one.op == "exists":
        return f"{one.field} is {'known' if one.value else 'not known'}"
    return f"{one.field} {_OPS[one.op]} {value(one.value)}"


def deal(deal_id: str, one: DealIs) -> str:
    """`D-7: proposal, 1200.5 EUR`."""
    amount = "" if one.amount is None else f", {value(one.amount)} {one.currency or ''}".rstrip()
    return f"{deal_id}: {one.stage}{amount}"
