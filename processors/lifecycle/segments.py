"""Segments: the first band that matches, and when time alone may change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from processors.lifecycle.checks import Ahead, Check
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.plan import Segment


class Bands:
    """A segment's bands in file order, each with its check."""

    __slots__ = ("_checks", "changes", "deps", "lowest", "segment")

    def __init__(self, segment: Segment, checks: tuple[Check, ...]) -> None:
        self.segment, self._checks = segment, checks
        self.lowest = min((band.gte for band in segment.bands if band.gte is not None), default=0)
        self.deps = 0
        for check in checks:
            self.deps |= check.deps
        moves = any(check.rises or check.falls for check in checks)
        self.changes: Ahead | None = self._next_change if moves else None

    def at(self, contact: Contact, now: int) -> str | None:
        """Id of the band, None when none matches."""
        place = self._place(contact, now)
        return self.segment.bands[place].id if place < len(self._checks) else None

    def _place(self, contact: Contact, now: int) -> int:
        for place, check in enumerate(self._checks):
            if check.holds(contact, now):
                return place
        return len(self._checks)

    def _next_change(self, contact: Contact, now: int) -> int:
        """Look ahead: an earlier band may begin to match, or this one end to."""
        place = self._place(contact, now)
        dues = [check.rises(contact, now) for check in self._checks[:place] if check.rises]
        dues += [check.falls(contact, now) for check in self._checks[place : place + 1] if check.falls]
        return min(dues, default=NEVER)
