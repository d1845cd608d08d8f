"""Conditions of the plan: one class for every kind, each with the place in the lifecycle file that says it.

A reader finds them, and all else of the plan, in `plan`; what they mean is in `conditions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Scalar = str | int | bool | Decimal
TestOp = Literal[
    "eq", "ne", "in", "not_in", "gte", "gt", "lte", "lt",
    "starts_with", "ends_with", "contains", "contains_any", "path", "exists",
]  # fmt: skip
Since = Literal["ever", "stage_entry", "recycled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test of one value: a tuple for `in`, `not_in`, `contains_any`; True or False for `exists`.

    `contains` and `contains_any` ignore case (casefold both sides); everything else is exact. `path` is a
    glob over the path of a URL, without query and fragment: `*` stays within a segment, `**` is any number
    of whole segments, none included, so `/products/**` also matches `/products` and `/products/`.
    """

    __test__ = False  # not a pytest class

    field: str
    op: TestOp
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every one holds."""

    of: tuple[Condition, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one holds."""

    of: tuple[Condition, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """`of` does not hold."""

    of: Condition
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """Compares the count in (t - within_ms, t] and after `since` with n. `more_than: 1` is n = 2."""

    counter: int
    op: Literal["at_least", "at_most"]
    n: int
    within_ms: int | None
    since: Since
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DidNot:
    """No such event in (t - for_ms, t]; a contact younger than for_ms has not been quiet that long."""

    counter: int
    for_ms: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """Active in at least `periods` of the last `of` calendar periods, the current one included."""

    calendar: int
    periods: int
    of: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTest:
    """Tests a profile field; an absent field fails every test but `exists: false` and `ne`."""

    test: Test
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTest:
    """Compares a score (thousandths of a point; `TOTAL` for the sum) with `value` (thousandths)."""

    score: int
    op: Literal["eq", "ne", "gte", "gt", "lte", "lt"]
    value: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTest:
    """Tests a field of the newest event of a type (by occurred_at, then log position); `event` as in Atom."""

    event: str
    test: Test
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """`open`, `won`, `all_lost`, or an open deal for which every test on amount and stage holds."""

    is_: Literal["open", "won", "all_lost", "matching"]
    tests: tuple[Test, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The contact has ever entered the stage (in any cycle)."""

    stage: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InBand:
    """The contact is in that band of the segment."""

    segment: int
    band: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InStageFor:
    """In the present stage for at least `ms`."""

    ms: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffIs:
    """The state of the contact's current hand-off."""

    status: Literal["accepted", "rejected", "expired"]
    path: str


Condition = (
    All | AnyOf | Not | Did | DidNot | Active | ProfileTest | ScoreTest | LastTest
    | Deal | Reached | InBand | InStageFor | HandoffIs
)  # fmt: skip
