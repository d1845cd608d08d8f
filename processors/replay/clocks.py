"""The clock records of one partition, for contacts that are folded one after the other.

In log order a clock record advances the contacts that are due by then, and no others. A contact folded
alone sees the same: after each of its events the first later clock record by which it is due, and so on.
Offsets and times of all clock records are kept, 24 bytes each.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Clocks:
    """Pairs of offset and time (ms, UTC), in order of offsets."""

    __slots__ = ("_highest", "_offsets", "_times")

    def __init__(self, records: Iterable[tuple[int, int]] = ()) -> None:
        self._offsets, self._times, self._highest = array("q"), array("q"), array("q")
        for offset, at in records:
            self._offsets.append(offset)
            self._times.append(at)
            self._highest.append(max(at, self._highest[-1] if self._highest else at))

    def after(self, offset: int) -> int:
        """Give the number of the first clock record behind an offset."""
        return bisect_left(self._offsets, offset + 1)

    def first_due(self, due: int, start: int) -> int:
        """Give the number of the first clock record from `start` on that says `due` or later, or their count.

        Clocks of several workers may go back a little: then the next few are looked at one by one.
        """
        if start > 0 and due <= self._highest[start - 1]:
            while start < len(self._times) and self._times[start] < due:
                start += 1
            return start
        return bisect_left(self._highest, due, lo=start)

    def at(self, number: int) -> int:
        """Give the time that a clock record says."""
        return self._times[number]

    def pairs(self) -> tuple[list[int], list[int]]:
        """Give all offsets and all times."""
        return self._offsets.tolist(), self._times.tolist()

    def __len__(self) -> int:
        return len(self._times)
