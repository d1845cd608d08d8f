"""Deadlines that run in business hours: holidays, weekends, nights and clock changes stop the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processors.lifecycle.calendars import Calendar
    from processors.lifecycle.plan import BusinessHours

LONGEST_CLOSURE_DAYS = 3_660  # ten years without one open day: no deadline can be met


def add_business_time(calendar: Calendar, hours: BusinessHours, start: int, duration: int) -> int:
    """When `duration` ms of business time have passed since `start`.

    Time that elapses counts, not what the wall clock shows: on the day of a clock change the hours between
    opening and closing are as long as they really are.
    """
    day, left = calendar.day(start), duration
    closed_days = 0
    while closed_days < LONGEST_CLOSURE_DAYS:
        opens, closes = _open_between(calendar, hours, day, start)
        if closes > opens:
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        closed_days = closed_days + 1 if closes <= opens else 0
        day += 1
    return start + duration  # never open: the wall clock, rather than a deadline that never comes


def _open_between(calendar: Calendar, hours: BusinessHours, day: int, start: int) -> tuple[int, int]:
    """Find opening and closing of a day, not before `start`; (0, 0) when closed all day."""
    if (day - 1) % 7 not in hours.days or day in hours.holidays:
        return 0, 0
    opens = calendar.instant(day, hours.from_minute)
    return max(opens, start), calendar.instant(day, hours.to_minute)
