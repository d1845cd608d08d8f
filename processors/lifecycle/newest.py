"""The K newest entries of something: bounded, exact, and the same in whatever order they arrive.

A series is a sorted list and a horizon: the newest entry ever dropped. What is older than the horizon stays
out, so that the list is always a true "newest entries" list, also after one was taken back.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple


class Entry(NamedTuple):
    """An event as counted: by time, ties broken by id so that arrival order has no say."""

    at: int
    event_id: str


Series = list[Entry]


def insert(series: Series, entry: Entry, keep: int, horizon: Entry | None) -> Entry | None:
    """Insert, drop the oldest beyond `keep`, return the new horizon."""
    if horizon is not None and entry < horizon:
        return horizon
    if not series or series[-1] < entry:
        series.append(entry)
    else:
        insort(series, entry)
    return series.pop(0) if len(series) > keep else horizon


def discard(series: Series, entry: Entry) -> bool:
    """Take an entry back out; False if it was not there."""
    index = bisect_left(series, entry)
    if index == len(series) or series[index] != entry:
        return False
    del series[index]
    return True


def merge(one: Series, other: Series, keep: int) -> tuple[Series, Entry | None]:
    """Unite: the newest of both, and the newest one dropped. An event in both counts once."""
    union = sorted({*one, *other})
    dropped = union[:-keep] if len(union) > keep else []
    return union[len(dropped) :], dropped[-1] if dropped else None
