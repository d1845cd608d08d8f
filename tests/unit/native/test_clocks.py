"""The compiled back-end's calendar against the reference's, on every day, where clocks do odd things."""

from __future__ import annotations

import pytest

from processors.clock_changes import clock_changes
from processors.lifecycle.calendars import EPOCH_DAY, calendar_of
from schemas.times import DAY_MS

ZONES = (
    "UTC",
    "Europe/London",
    "Africa/Casablanca",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)


@pytest.mark.parametrize("zone", ZONES)
def test_every_instant_follows_from_the_clock_changes(zone: str) -> None:
    changes, calendar = clock_changes(zone), calendar_of(zone)
    offsets = [offset for _at, offset in changes]
    before = [offsets[0], *offsets[:-1]]
    walls = [at + max(offset, old) for (at, offset), old in zip(changes, before, strict=True)]
    for day in range(EPOCH_DAY, EPOCH_DAY + 25_000, 3):
        for minute in (0, 90, 150, 540):
            local = (day - EPOCH_DAY) * DAY_MS + minute * 60_000
            place = sum(wall <= local for wall in walls) - 1
            assert calendar.instant(day, minute) == local - offsets[place]
