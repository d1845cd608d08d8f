"""When the clocks of a timezone change: what `zoneinfo` knows, as data for the compiled back-end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from schemas.times import EPOCH, MILLISECOND, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = datetime(2100, 1, 1, tzinfo=UTC)
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
KNOWN_UNTIL = to_ms(_END)


@cache
def clock_changes(timezone: str) -> list[tuple[int, int]]:
    """Instants at which the offset changes, and the offset from then on: ms, up to `KNOWN_UNTIL`.

    A clock that changes twice within a day is beyond this; none has since 1970.
    """
    return [(to_ms(at), offset // MILLISECOND) for at, offset in _changes(ZoneInfo(timezone))]


def _changes(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    day = EPOCH - 2 * _DAY
    known = _offset(zone, day)
    yield day, known
    while day < _END:
        day += _DAY
        offset = _offset(zone, day)
        if offset != known:
            yield _between(zone, day - _DAY, day), offset
            known = offset


def _between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Find the first second that has the later offset."""
    later = _offset(zone, after)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _offset(zone, middle) == later:
            after = middle
        else:
            before = middle
    return after


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)
