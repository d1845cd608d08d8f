"""Calendar days and ISO weeks of the lifecycle file's timezone, as whole numbers.

A day is its proleptic ordinal; it starts at the first instant that bears its date. A week is numbered from
Monday 1 January of year 1. The zone's rules are read from the tzdata files by `zoneinfo`: the one read that
the core does, once per zone.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from schemas.times import DAY_MS, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    Unit = Literal["day", "week"]

EPOCH_DAY = date(1970, 1, 1).toordinal()


class Calendar:
    """Which day or week a time falls in, in one timezone."""

    __slots__ = ("_starts", "_zone")

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._starts: dict[int, int] = {}  # a few thousand days at most: the span of a history

    def day(self, at: int) -> int:
        """Day of a time."""
        day = at // DAY_MS + EPOCH_DAY + 1  # local dates are at most one day ahead of UTC
        while self.start_of_day(day) > at:
            day -= 1
        return day

    def week(self, at: int) -> int:
        """ISO week of a time."""
        return (self.day(at) - 1) // 7

    def start_of_day(self, day: int) -> int:
        """First instant of a day, ms UTC."""
        start = self._starts.get(day)
        if start is None:
            start = self._starts[day] = self.instant(day, 0)
        return start

    def instant(self, day: int, minute: int) -> int:
        """UTC ms of a wall-clock time.

        One that a clock change leaves out is read with the offset before the change, one that it repeats is
        the first of the two.
        """
        local = datetime.combine(date.fromordinal(day), time.min, self._zone) + timedelta(minutes=minute)
        return to_ms(local)

    def period(self, unit: Unit) -> Callable[[int], int]:
        """`day` or `week`."""
        return self.day if unit == "day" else self.week

    def start_of(self, unit: Unit, period: int) -> int:
        """First instant of a day or week."""
        return self.start_of_day(period if unit == "day" else period * 7 + 1)


@cache
def calendar_of(timezone: str) -> Calendar:
    """One calendar per timezone, so that its days are worked out once."""
    return Calendar(timezone)
