"""Scores: what each rule is worth, their sum, and the parts that add up to it.

Every part is rounded to thousandths by itself and a score is the sum of its parts, so an explanation always
adds up. What `max` cuts off is a part too, called `max`. `total` is the sum of all scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.plan import TOTAL
from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from processors.lifecycle.checks import Check
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.plan import BehaviourRule, FitRule, Score
    from processors.lifecycle.sums import Sum

CUT = "max"  # the part that a score's `max` takes off


class Earned:
    """A rule for behaviour, read. `ages`: time alone can change it."""

    __slots__ = ("_cap", "_sum", "ages", "deps", "half_life", "id", "index", "path", "positive")

    def __init__(self, index: int, rule: BehaviourRule, sum_: Sum) -> None:
        self.index, self.id, self.path = index, rule.id, rule.path
        self._sum, self._cap, self.half_life = sum_, rule.cap_points, sum_.half_life
        self.positive = rule.points >= 0
        self.ages, self.deps = sum_.ages, 0  # what it reads, the score's own bit stands for

    def read(self, contact: Contact, now: int) -> int:
        value = self._sum.read(contact, now)
        if self._cap is None:
            return value
        return min(value, self._cap) if self.positive else max(value, -self._cap)

    def next_step(self, contact: Contact, now: int) -> int:
        return self._sum.next_step(contact, now)


class Fit:
    """A rule for what a contact is, read: its points or nothing."""

    __slots__ = ("_check", "_points", "ages", "deps", "half_life", "id", "index", "path", "positive")

    def __init__(self, index: int, rule: FitRule, check: Check) -> None:
        self.index, self.id, self.path = index, rule.id, rule.path
        self._points, self._check, self.half_life = rule.points, check, None
        self.positive = rule.points >= 0
        self.ages, self.deps = check.rises is not None or check.falls is not None, check.deps

    def read(self, contact: Contact, now: int) -> int:
        return self._points if self._check.holds(contact, now) else 0

    def next_step(self, contact: Contact, now: int) -> int:
        ahead = self._check.falls if self._check.holds(contact, now) else self._check.rises
        return NEVER if ahead is None else ahead(contact, now)


Part = Earned | Fit


class Card:
    """One score, or `total` when it has several groups: one group of parts per score, each with its max."""

    __slots__ = ("can_fall", "can_rise", "deps", "groups")

    def __init__(self, groups: tuple[Group, ...], deps: int) -> None:
        self.groups, self.deps = groups, deps
        aging = [part for group in groups for part in group.parts if part.ages]
        self.can_fall = any(part.positive or isinstance(part, Fit) for part in aging)
        self.can_rise = any(not part.positive or isinstance(part, Fit) for part in aging)

    def read(self, contact: Contact, now: int) -> int:
        """Thousandths of a point at `now`, which is not before the contact's clock."""
        total = 0
        for group in self.groups:
            total += group.read(contact, now)
        return total


class Group:
    """The parts of one score."""

    __slots__ = ("id", "max", "parts")

    def __init__(self, score: Score, parts: tuple[Part, ...]) -> None:
        self.id, self.max, self.parts = score.id, score.max, parts

    def read(self, contact: Contact, now: int) -> int:
        total = 0
        for part in self.parts:
            total += part.read(contact, now)
        return total if self.max is None or total < self.max else self.max

    def itemised(self, contact: Contact, now: int) -> list[tuple[str, int]]:
        """Rule and points of every part that is not nothing; they sum to the score."""
        parts = [(part.id, part.read(contact, now)) for part in self.parts]
        total = sum(points for _rule, points in parts)
        if self.max is not None and total > self.max:
            parts.append((CUT, self.max - total))
        return [(rule, points) for rule, points in parts if points]


def cards_of(groups: tuple[Group, ...], deps: tuple[int, ...]) -> dict[int, Card]:
    """Every score by index, and `TOTAL`."""
    cards = {index: Card((group,), deps[index]) for index, group in enumerate(groups)}
    every = 0
    for bits in deps:
        every |= bits
    cards[TOTAL] = Card(groups, every)
    return cards
