"""Scores: what each rule is worth now, their sums, and the parts that add up to them.

Every part is rounded to thousandths by itself and a score is the sum of its parts, so an explanation always
adds up. What `max` cuts off is a part too, called `max`. `total` is the sum of all scores.

Reading is the costliest thing an event asks for, so only what a contact has is looked at, and one reading
serves all that is asked at one moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle import decay
from processors.lifecycle.plan import TOTAL, BehaviourRule, HalfLife

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from processors.lifecycle.checks import Check
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.decay import Sums, Totals
    from processors.lifecycle.plan import Plan
    from processors.lifecycle.sums import Stepped

CUT = "max"  # the part that a score's `max` takes off


class Part(NamedTuple):
    """How a rule is read. `low` and `high` are its caps; a rule for fit has a check instead of a sum."""

    rule: int
    score: int
    points: int
    low: int
    high: int
    half_life: int | None
    steps: Stepped | None
    check: Check | None
    ages: bool  # time alone can change it
    deps: int


Movement = list[int]
"""What time does to one score: what fades in a direction, the rest, the shortest half-life of what fades, how
many parts there are; see `crossings`."""


class Reading(NamedTuple):
    """Scores at one moment, thousandths of a point: by rule, by score, and `total` last (index TOTAL).

    `movements`: direction → one for each score, where they were asked for.
    """

    now: int
    parts: Mapping[int, int]
    scores: list[int]
    movements: dict[int, list[Movement]]


class Board:
    """All scores of a plan."""

    __slots__ = (
        "_fading", "_fits", "fit_deps", "fits_age", "half_lives", "maxima", "names", "parts",
        "plan", "rules_of", "score_of",
    )  # fmt: skip

    def __init__(self, plan: Plan, stepped: Mapping[int, Stepped], checks: Mapping[int, Check]) -> None:
        self.plan = plan
        self.parts = tuple(_part(plan, index, stepped, checks) for index in range(len(plan.rules)))
        self._fading = {
            part.rule: (part.half_life, part.points, part.low, part.high)
            for part in self.parts
            if part.half_life is not None
        }
        self.names = (*(score.id for score in plan.scores), "total")  # as a reading lists them
        self.maxima = tuple(score.max for score in plan.scores)
        self.rules_of = tuple(score.rules for score in plan.scores)
        self.half_lives = tuple(part.half_life or 0 for part in self.parts)
        self.score_of = tuple(rule.score for rule in plan.rules)
        self._fits = tuple(part for part in self.parts if part.check is not None)
        self.fits_age = any(part.ages for part in self._fits)
        self.fit_deps = 0
        for part in self._fits:
            self.fit_deps |= part.deps

    def scores_of(self, index: int) -> range:
        """List one score, or all for TOTAL."""
        return range(len(self.maxima)) if index == TOTAL else range(index, index + 1)

    def read(self, contact: Contact, now: int) -> Reading:
        """Read at `now`, not before the contact's clock; remembered until something is added or taken."""
        reading = contact.reading
        if reading is None or reading.now != now:
            parts = self.parts_at(contact, now)
            reading = contact.reading = Reading(now, parts, self._sum_up(parts), {})
        return reading

    def parts_at(self, contact: Contact, now: int) -> dict[int, int]:
        """Worth of every rule that is worth something."""
        worth = self.faded(contact.sums, now, contact.totals) if contact.sums else {}
        for index, events in contact.tallies.items():
            part = self.parts[index]
            worth[index] = min(max(part.points * events, part.low), part.high)
        for index in contact.stamps:
            part = self.parts[index]
            if part.steps is not None:
                worth[index] = min(max(part.steps.read(contact, now), part.low), part.high)
        fit = contact.fit
        worth.update(self._fit(contact, now) if fit is None or self.fits_age else fit)
        return worth

    def itemised(self, contact: Contact, now: int) -> list[tuple[int, str, int]]:
        """Score, rule id and points of every part that is not nothing; those of a score sum to it."""
        worth, items = self.read(contact, now).parts, []
        for score, limit in enumerate(self.maxima):
            uncut = 0
            for rule in self.rules_of[score]:
                points = worth.get(rule)
                if points:
                    items.append((score, self.plan.rules[rule].id, points))
                    uncut += points
            if limit is not None and uncut > limit:
                items.append((score, CUT, limit - uncut))
        return items

    def faded(self, sums: Mapping[int, Sums], now: int, totals: Totals) -> dict[int, int]:
        """Worth of rules that fade, from their sums; see `decay.fade`."""
        return decay.fade(sums, self._fading, now, totals)

    def summed(self, worth: Mapping[int, int], steady: Iterable[int] = ()) -> list[int]:
        """Sum parts to scores, on top of what is `steady` of each; nothing is cut off."""
        scores, score_of = list(steady) or [0] * len(self.maxima), self.score_of
        for index, points in worth.items():
            scores[score_of[index]] += points
        return scores

    def under_max(self, worth: Mapping[int, int], steady: Iterable[int] = ()) -> list[int]:
        """Sum parts to scores, each cut off at its max."""
        scores = self.summed(worth, steady)
        for score, limit in enumerate(self.maxima):
            if limit is not None and scores[score] > limit:
                scores[score] = limit
        return scores

    def _sum_up(self, worth: Mapping[int, int]) -> list[int]:
        scores = self.under_max(worth)
        scores.append(sum(scores))
        return scores

    def _fit(self, contact: Contact, now: int) -> dict[int, int]:
        """Rules for fit that hold; remembered, as most depend on nothing but the profile."""
        contact.fit = {
            part.rule: part.points
            for part in self._fits
            if part.check is not None and part.check.holds(contact, now)
        }
        return contact.fit


class Card:
    """One score, or `total`: how it may move by itself, and what it depends on."""

    __slots__ = ("_sinking", "board", "can_fall", "can_rise", "deps", "index", "stepping")

    def __init__(self, board: Board, index: int, deps: int) -> None:
        self.board, self.index, self.deps = board, index, deps
        parts = [part for part in board.parts if index in {TOTAL, part.score}]
        for part in parts:
            self.deps |= part.deps
        self._sinking = tuple(part.rule for part in parts if part.half_life is not None and part.points < 0)
        self.stepping = tuple(part for part in parts if part.ages and part.half_life is None)
        self.can_fall = any(part.ages and (part.points > 0 or part.check is not None) for part in parts)
        self.can_rise = any(part.ages and (part.points < 0 or part.check is not None) for part in parts)

    def read(self, contact: Contact, now: int) -> int:
        """Thousandths of a point at `now`, which is not before the contact's clock."""
        return self.board.read(contact, now).scores[self.index]

    def only_sinks(self, contact: Contact) -> bool:
        """Whether nothing that was taken fades, so that between two steps the score never rises by itself."""
        return not any(rule in contact.sums for rule in self._sinking)

    def lifted_by_time(self, contact: Contact, now: int) -> bool:
        """Whether points that were taken are fading, so that the score rises by itself."""
        if not self._sinking:
            return False
        parts = self.board.read(contact, now).parts
        for rule in self._sinking:  # noqa: SIM110 - `any` would make a generator for every event
            if parts.get(rule):
                return True
        return False


def _part(plan: Plan, index: int, stepped: Mapping[int, Stepped], checks: Mapping[int, Check]) -> Part:
    rule = plan.rules[index]
    if not isinstance(rule, BehaviourRule):
        check = checks[index]
        ages = check.rises is not None or check.falls is not None
        low, high = min(rule.points, 0), max(rule.points, 0)
        return Part(index, rule.score, rule.points, low, high, None, None, check, ages, check.deps)
    half_life = rule.decay.ms if isinstance(rule.decay, HalfLife) else None
    cap = rule.cap_points if rule.cap_points is not None else 1 << 62
    low, high = (0, cap) if rule.points >= 0 else (-cap, 0)
    ages = rule.decay is not None
    return Part(index, rule.score, rule.points, low, high, half_life, stepped.get(index), None, ages, 0)
