"""Scores of the plan: rules for behaviour and for fit, and how their points age.

A reader finds them, and all else of the plan, in `plan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from processors.lifecycle.plan_conditions import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfLife:
    """Points halve every `ms`."""

    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From age `after_ms` (inclusive) on, `keep` per cent of the points are left."""

    after_ms: int
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Ascending by `after_ms`; before the first step everything counts. `expires: d` is one step to 0."""

    steps: tuple[Step, ...]


Decay = HalfLife | Steps | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourRule:
    """Points for each event of a behaviour.

    `cap_points`: what the rule may contribute at most, in absolute value. `cap_times` counts per calendar
    `cap_each`; the newest of a period count. `distinct` counts each value of the field once, at its
    newest time.
    `keep`: how many timestamps (or values) the rule keeps; 0 where sums are enough, that is without steps,
    `cap_times` and `distinct`.
    """

    id: str
    score: int
    path: str
    behaviour: int
    points: int
    decay: Decay
    cap_points: int | None
    cap_times: int | None
    cap_each: Literal["day", "week", "ever"] | None
    distinct: str | None
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRule:
    """Points while a condition holds."""

    id: str
    score: int
    path: str
    when: Condition
    points: int


Rule = BehaviourRule | FitRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`max`: the sum of its rules is cut off above it (thousandths)."""

    id: str
    max: int | None
    rules: tuple[int, ...]
