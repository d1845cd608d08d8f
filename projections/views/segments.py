"""Who is in which band of each segment: one sorted set per band, contact by time of entry."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from projections.commands import key, moved, packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from projections.commands import Ask, Change, Command, Key


def project(change: Change) -> tuple[Command, ...]:
    """Move the contact from one band's set to the other's."""
    segment, band = change["segment"], change["to"]
    known = () if band is None else (("ZADD", key("bands"), "NX", "0", packed([segment, band])),)
    return (*moved(change, partial(_members, segment), change["contact_id"]), *known)


def forget(contact: str, bands: Iterable[tuple[str, str]]) -> Iterator[Command]:
    """Take a contact out of every (segment, band)."""
    return (("ZREM", _members(segment, band), contact) for segment, band in bands)


def _members(segment: str, band: str) -> Key:
    return key("segment", segment, band)


def read_segments(ask: Ask) -> dict[str, dict[str, int]]:
    """Return how many contacts are in each band, by segment."""
    (pairs,) = ask(("ZRANGE", key("bands"), "0", "-1"))
    bands = [json.loads(pair) for pair in pairs]
    counts = ask(*(("ZCARD", _members(segment, band)) for segment, band in bands))
    found: dict[str, dict[str, int]] = {}
    for (segment, band), count in zip(bands, counts, strict=True):
        found.setdefault(segment, {})[band] = count
    return found
