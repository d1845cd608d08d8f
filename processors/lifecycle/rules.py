"""Which events of a behaviour a scoring rule counts: all, one per distinct value, or so many per period.

A rule is a filter in front of a sum (see `sums`). Filters give the same in any order of arrival.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from processors.lifecycle import counts
from processors.lifecycle.sums import sum_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from processors.lifecycle.contact import Contact
    from processors.lifecycle.newest import Entry
    from processors.lifecycle.plan import BehaviourRule
    from processors.lifecycle.sums import Sum

    Period = Callable[[int], int]


def filter_of(index: int, rule: BehaviourRule, period: Period) -> Plain | PerValue | PerPeriod:
    """Choose the filter that a rule's `distinct` and `cap` ask for. `period` is that of `cap_each`."""
    if rule.distinct is not None:
        return PerValue(index, rule, period)
    if rule.cap_times is not None:
        return PerPeriod(index, rule, period)
    return Plain(index, rule)


class Plain:
    """Every event counts."""

    __slots__ = ("sum",)

    def __init__(self, index: int, rule: BehaviourRule) -> None:
        self.sum: Sum = sum_of(index, rule)

    def add(self, contact: Contact, entry: Entry, _fields: Mapping[str, Any]) -> None:
        self.sum.add(contact, entry.at)

    def take(self, contact: Contact, entry: Entry) -> bool:
        return self.sum.take(contact, entry.at)

    def merge(self, contact: Contact, other: Contact) -> None:
        self.sum.merge(contact, other)

    def clear(self, contact: Contact) -> None:
        self.sum.clear(contact)


class PerValue:
    """Each value of a field counts once, at its newest time; of those the newest `times` of each period.

    The newest `keep` values are kept.
    """

    __slots__ = ("_field", "_index", "_keep", "_period", "_times", "sum")

    def __init__(self, index: int, rule: BehaviourRule, period: Period) -> None:
        self._index, self._keep, self._field = index, rule.keep, str(rule.distinct)
        self._times, self._period = rule.cap_times, period
        self.sum: Sum = sum_of(index, rule)

    def add(self, contact: Contact, entry: Entry, fields: Mapping[str, Any]) -> None:
        value = fields.get(self._field)
        if value is None:
            return
        values = contact.values.setdefault(self._index, {})
        gone = counts.remember(values, counts.value_hash(value), entry, self._keep)
        if self._times is not None:
            self._sum_again(contact, values)
        elif gone is not entry:
            self.sum.add(contact, entry.at)
            if gone is not None:
                self.sum.take(contact, gone.at)

    def take(self, contact: Contact, entry: Entry) -> bool:
        values = contact.values.get(self._index, {})
        value = counts.value_of(values, entry)
        if value is None:
            return True
        exact = len(values) < self._keep
        exact = not values.pop(value).more and exact
        if not values:
            del contact.values[self._index]
        self._sum_again(contact, values)
        return exact

    def merge(self, contact: Contact, other: Contact) -> None:
        if self._index in other.values:
            values = contact.values.setdefault(self._index, {})
            counts.merge_values(values, other.values[self._index], self._keep)
            self._sum_again(contact, values)

    def clear(self, contact: Contact) -> None:
        contact.values.pop(self._index, None)
        self.sum.clear(contact)

    def _sum_again(self, contact: Contact, values: counts.Values) -> None:
        self.sum.clear(contact)
        taken: dict[int, int] = {}
        for at in sorted((seen.entry.at for seen in values.values()), reverse=True):
            period = self._period(at)
            taken[period] = taken.get(period, 0) + 1
            if self._times is None or taken[period] <= self._times:
                self.sum.add(contact, at)


class PerPeriod:
    """The newest `times` events of each period count, the newest `keep` in all.

    A period keeps one time more than it counts, and its number of events: after one is taken back the
    next one counts in its place.
    """

    __slots__ = ("_index", "_keep", "_period", "_times", "sum")

    def __init__(self, index: int, rule: BehaviourRule, period: Period) -> None:
        self._index, self._keep, self._period = index, rule.keep, period
        self._times = rule.cap_times or 0
        self.sum: Sum = sum_of(index, rule)

    def add(self, contact: Contact, entry: Entry, _fields: Mapping[str, Any]) -> None:
        self._add(contact, entry.at)

    def _add(self, contact: Contact, at: int) -> None:
        periods = contact.capped.setdefault(self._index, {})
        kept = periods.setdefault(self._period(at), [0])
        kept[0] += 1
        place = bisect_left(kept, at, 1)
        kept.insert(place, at)
        if len(kept) - place <= self._times:
            self.sum.add(contact, at)
            if len(kept) - 1 > self._times:
                self.sum.take(contact, kept[-self._times - 1])
        del kept[1 : max(1, len(kept) - self._times - 1)]
        if len(periods) * self._times > self._keep:
            self._drop_oldest(contact, periods)

    def _drop_oldest(self, contact: Contact, periods: dict[int, list[int]]) -> None:
        counted = sum(min(len(kept) - 1, self._times) for kept in periods.values())
        if counted <= self._keep:
            return
        period = min(one for one, kept in periods.items() if len(kept) > 1)
        kept = periods[period]
        oldest = max(1, len(kept) - self._times)
        self.sum.take(contact, kept[oldest])
        del kept[1 : oldest + 1]
        if len(kept) == 1:
            del periods[period]

    def take(self, contact: Contact, entry: Entry) -> bool:
        periods, period = contact.capped.get(self._index, {}), self._period(entry.at)
        kept = periods.get(period, [0])
        place = bisect_left(kept, entry.at, 1)
        if place == len(kept) or kept[place] != entry.at:
            return True
        self._uncount(contact, kept, place)
        exact = len(kept) - 1 >= min(kept[0], self._times)
        if len(kept) == 1:
            del periods[period]
        if not periods:
            del contact.capped[self._index]
        return exact

    def _uncount(self, contact: Contact, kept: list[int], place: int) -> None:
        counted = len(kept) - place <= self._times
        at = kept.pop(place)
        kept[0] -= 1
        if counted:
            self.sum.take(contact, at)
            if len(kept) - 1 >= self._times:
                self.sum.add(contact, kept[-self._times])

    def merge(self, contact: Contact, other: Contact) -> None:
        for period, kept in other.capped.get(self._index, {}).items():
            for at in kept[1:]:
                self._add(contact, at)
            mine = contact.capped.get(self._index, {}).get(period)
            if mine is not None:
                mine[0] += kept[0] - (len(kept) - 1)  # those it no longer held one by one

    def clear(self, contact: Contact) -> None:
        contact.capped.pop(self._index, None)
        self.sum.clear(contact)
