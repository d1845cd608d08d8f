"""The accumulators behind `did`, `did_not` and `active`: newest events, newest per value, calendar periods.

Each object here is a shape, made from the plan once; what it counts lies in the contact. All of them give the
same result in any order of arrival. `take` undoes `add` and says whether what is left is still exact.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from processors.lifecycle import newest
from processors.lifecycle.contact import Seen
from processors.lifecycle.plan import MARGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from processors.lifecycle.contact import Contact
    from processors.lifecycle.newest import Entry

Values = dict[bytes, Seen]


class Accumulator(Protocol):
    """What all of them, and the scoring rules, can do."""

    def add(self, contact: Contact, entry: Entry, fields: Mapping[str, Any]) -> None:
        """Count an event."""

    def take(self, contact: Contact, entry: Entry) -> bool:
        """Take a counted event back out; False when only the history can tell what is left."""

    def merge(self, contact: Contact, other: Contact) -> None:
        """Take in what another contact counted."""

    def clear(self, contact: Contact) -> None:
        """Forget everything: a reset."""


class Newest:
    """The newest `keep` events of a behaviour."""

    __slots__ = ("_keep", "index")

    def __init__(self, index: int, keep: int) -> None:
        self.index, self._keep = index, keep

    def add(self, contact: Contact, entry: Entry, _fields: Mapping[str, Any]) -> None:
        series = contact.newest.setdefault(self.index, [])
        dropped = newest.insert(series, entry, self._keep, contact.horizons.get(self.index))
        if dropped is not None:
            contact.horizons[self.index] = dropped

    def take(self, contact: Contact, entry: Entry) -> bool:
        series = contact.newest.get(self.index, [])
        if not newest.discard(series, entry):
            return True  # older than anything a condition looks at
        if not series:
            del contact.newest[self.index]
        return self.index not in contact.horizons or len(series) >= self._keep - MARGIN

    def merge(self, contact: Contact, other: Contact) -> None:
        if self.index not in other.newest:
            return
        mine, theirs = contact.newest.get(self.index, []), other.newest[self.index]
        union, dropped = newest.merge(mine, theirs, self._keep)
        contact.newest[self.index] = union
        known = (dropped, contact.horizons.get(self.index), other.horizons.get(self.index))
        horizon = max((one for one in known if one is not None), default=None)
        if horizon is not None:
            contact.horizons[self.index] = horizon
            contact.newest[self.index] = [one for one in union if one > horizon]

    def clear(self, contact: Contact) -> None:
        contact.newest.pop(self.index, None)
        contact.horizons.pop(self.index, None)


class Distinct:
    """The newest event of each of the newest `keep` values of a field."""

    __slots__ = ("_field", "_keep", "index")

    def __init__(self, index: int, keep: int, field: str) -> None:
        self.index, self._keep, self._field = index, keep, field

    def add(self, contact: Contact, entry: Entry, fields: Mapping[str, Any]) -> None:
        value = fields.get(self._field)
        if value is not None:
            remember(contact.distinct.setdefault(self.index, {}), value_hash(value), entry, self._keep)

    def take(self, contact: Contact, entry: Entry) -> bool:
        values = contact.distinct.get(self.index, {})
        value = value_of(values, entry)
        if value is None:
            return True
        full = len(values) == self._keep
        more = values.pop(value).more
        if not values:
            del contact.distinct[self.index]
        return not (more or full)

    def merge(self, contact: Contact, other: Contact) -> None:
        if self.index in other.distinct:
            mine = contact.distinct.setdefault(self.index, {})
            merge_values(mine, other.distinct[self.index], self._keep)

    def clear(self, contact: Contact) -> None:
        contact.distinct.pop(self.index, None)


class Periods:
    """The newest `keep` calendar periods with an event, and how many each had."""

    __slots__ = ("_keep", "_period", "index")

    def __init__(self, index: int, keep: int, period: Callable[[int], int]) -> None:
        self.index, self._keep, self._period = index, keep, period

    def add(self, contact: Contact, entry: Entry, _fields: Mapping[str, Any]) -> None:
        counts = contact.periods.setdefault(self.index, {})
        period = self._period(entry.at)
        counts[period] = counts.get(period, 0) + 1
        if len(counts) > self._keep:
            del counts[min(counts)]

    def take(self, contact: Contact, entry: Entry) -> bool:
        counts = contact.periods.get(self.index, {})
        period = self._period(entry.at)
        left = counts.get(period, 0) - 1
        if left > 0:
            counts[period] = left
            return True
        full = len(counts) == self._keep
        counts.pop(period, None)
        if not counts:
            contact.periods.pop(self.index, None)
        return left < 0 or not full

    def merge(self, contact: Contact, other: Contact) -> None:
        for period, events in other.periods.get(self.index, {}).items():
            counts = contact.periods.setdefault(self.index, {})
            counts[period] = counts.get(period, 0) + events
            if len(counts) > self._keep:
                del counts[min(counts)]

    def clear(self, contact: Contact) -> None:
        contact.periods.pop(self.index, None)


def remember(values: Values, value: bytes, entry: Entry, keep: int) -> Entry | None:
    """Note an event of a value; return the one that counts no longer: this, an older or a dropped one."""
    known = values.get(value)
    if known is not None:
        values[value] = Seen(max(known.entry, entry), more=True)
        return min(known.entry, entry)
    values[value] = Seen(entry, more=False)
    if len(values) <= keep:
        return None
    return values.pop(min(values, key=lambda one: values[one].entry)).entry


def merge_values(mine: Values, theirs: Values, keep: int) -> None:
    """Take in another contact's values: the newest event of each, the newest `keep` values."""
    for value, seen in theirs.items():
        known = mine.get(value)
        mine[value] = seen if known is None else Seen(max(known.entry, seen.entry), more=True)
    for value in sorted(mine, key=lambda one: mine[one].entry)[: max(0, len(mine) - keep)]:
        del mine[value]


def value_of(values: Values, entry: Entry) -> bytes | None:
    """Find the value whose newest event this is."""
    return next((value for value, seen in values.items() if seen.entry == entry), None)


@lru_cache(maxsize=8_192)  # offers, topics, forms: a catalogue, not the traffic
def value_hash(value: object) -> bytes:
    """Eight bytes that stand for a value; its type counts, so 1 and "1" differ."""
    return blake2b(f"{type(value).__name__}:{value}".encode(), digest_size=8).digest()
