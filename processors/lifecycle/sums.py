"""How the points of a scoring rule age: not at all, by half-lives, or by steps.

Each object is a shape, made from the plan once; what it adds up lies in the contact, under the rule's index.
Every sum is the same in any order of arrival. Points are thousandths, rounded half up.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

from processors.lifecycle import decay
from processors.lifecycle.plan import HalfLife, Steps

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.plan import BehaviourRule

NEVER = 1 << 62


class Tally:
    """Events that do not age: a number."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def add(self, contact: Contact, _at: int) -> None:
        contact.tallies[self.index] = contact.tallies.get(self.index, 0) + 1

    def take(self, contact: Contact, _at: int) -> bool:
        left = contact.tallies.pop(self.index, 0) - 1
        if left > 0:
            contact.tallies[self.index] = left
        return True

    def merge(self, contact: Contact, other: Contact) -> None:
        if self.index in other.tallies:
            contact.tallies[self.index] = contact.tallies.get(self.index, 0) + other.tallies[self.index]

    def clear(self, contact: Contact) -> None:
        contact.tallies.pop(self.index, None)


class Fading:
    """Events that lose half their points every half-life."""

    __slots__ = ("_half_life", "index")

    def __init__(self, index: int, half_life: int) -> None:
        self.index, self._half_life = index, half_life

    def add(self, contact: Contact, at: int) -> None:
        sums = contact.sums.get(self.index)
        if sums is None:
            sums = contact.sums[self.index] = {}
        contact.totals.pop(self.index, None)
        decay.add(sums, *decay.weigh(at, self._half_life))

    def take(self, contact: Contact, at: int) -> bool:
        sums = contact.sums.get(self.index, {})
        contact.totals.pop(self.index, None)
        decay.take(sums, *decay.weigh(at, self._half_life))
        if not sums:
            contact.sums.pop(self.index, None)
        return True

    def merge(self, contact: Contact, other: Contact) -> None:
        contact.totals.pop(self.index, None)
        for epoch, weight in other.sums.get(self.index, {}).items():
            decay.add(contact.sums.setdefault(self.index, {}), epoch, weight)

    def clear(self, contact: Contact) -> None:
        contact.sums.pop(self.index, None)
        contact.totals.pop(self.index, None)


class Stepped:
    """Events that lose points at certain ages: the newest `keep` times."""

    __slots__ = ("_keep", "_points", "_steps", "index")

    def __init__(self, index: int, points: int, steps: Steps, keep: int) -> None:
        self.index, self._points, self._keep = index, points, keep
        self._steps = tuple((step.after_ms, step.keep) for step in reversed(steps.steps))

    def add(self, contact: Contact, at: int) -> None:
        stamps = contact.stamps.setdefault(self.index, [])
        insort(stamps, at)
        if len(stamps) > self._keep:
            del stamps[0]

    def take(self, contact: Contact, at: int) -> bool:
        stamps = contact.stamps.get(self.index, [])
        place = bisect_left(stamps, at)
        if place == len(stamps) or stamps[place] != at:
            return True
        full = len(stamps) == self._keep
        del stamps[place]
        if not stamps:
            del contact.stamps[self.index]
        return not full

    def read(self, contact: Contact, now: int) -> int:
        """Worth at `now`, before caps."""
        stamps = contact.stamps.get(self.index)
        if not stamps:
            return 0
        hundredths = done = 0
        for after, keep in self._steps:
            aged = bisect_right(stamps, now - after)
            hundredths += (aged - done) * keep
            done = aged
        hundredths += (len(stamps) - done) * 100
        return (self._points * hundredths + 50) // 100

    def next_step(self, contact: Contact, now: int) -> int:
        """When the next event takes its next step, NEVER when none will."""
        due, stamps = NEVER, contact.stamps.get(self.index, [])
        for after, _keep in self._steps:
            place = bisect_right(stamps, now - after)
            if place < len(stamps):
                due = min(due, stamps[place] + after)
        return due

    def merge(self, contact: Contact, other: Contact) -> None:
        if self.index in other.stamps:
            union = sorted(contact.stamps.get(self.index, []) + other.stamps[self.index])
            contact.stamps[self.index] = union[-self._keep :]

    def clear(self, contact: Contact) -> None:
        contact.stamps.pop(self.index, None)


Sum = Tally | Fading | Stepped


def sum_of(index: int, rule: BehaviourRule) -> Sum:
    """Choose the sum that a rule's decay asks for."""
    if isinstance(rule.decay, HalfLife):
        return Fading(index, rule.decay.ms)
    if isinstance(rule.decay, Steps):
        return Stepped(index, rule.points, rule.decay, rule.keep)
    return Tally(index)
