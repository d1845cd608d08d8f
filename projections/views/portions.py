"""Contacts of a sorted set a thousand at a time, for figures that no count answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projections.commands import Ask, Key
    from projections.periods import Period

PORTION = 1_000  # one command then takes the server a millisecond or so, however many there are


def in_portions(ask: Ask, members: Key, period: Period) -> Iterator[list[str]]:
    """Give those whose score is in the period, in order.

    By rank: who is put in or taken out before the place reached may let another be read twice or not at all.
    """
    low, high = period.bounds()
    before, count = ask(("ZCOUNT", members, "-inf", f"({low}"), ("ZCOUNT", members, low, high))
    for start in range(before, before + count, PORTION):
        end = min(start + PORTION, before + count) - 1
        (found,) = ask(("ZRANGE", members, str(start), str(end)))
        if found:
            yield found


def counting(ask: Ask, members: Key, gone: Key, period: Period) -> Iterator[dict[str, int]]:
    """Give contact → score (ms, UTC) of those in the period who are not gone, in portions."""
    for contacts in in_portions(ask, members, period):
        times, left = ask(("ZMSCORE", members, *contacts), ("ZMSCORE", gone, *contacts))
        found = {
            contact: int(at)
            for contact, at, away in zip(contacts, times, left, strict=True)
            if at is not None and away is None
        }
        if found:
            yield found
