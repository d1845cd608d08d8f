"""Segments: the first band that matches, and when time alone may change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from processors.lifecycle import crossings
from processors.lifecycle.plan import Condition, ScoreTest
from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from processors.lifecycle.checks import Ahead, Check
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.plan import Segment
    from processors.lifecycle.scores import Card


class Bands(Protocol):
    """A segment's bands in file order. `changes` is None when time alone changes nothing.

    `reasons`: band → the condition that tells why; there may be none.
    """

    segment: Segment
    deps: int
    changes: Ahead | None
    reasons: dict[str | None, Condition | None]

    def at(self, contact: Contact, now: int) -> str | None:
        """Id of the band, None when none matches."""


class ScoreBands:
    """Bands of a score: each from its `gte` up to the one before it."""

    __slots__ = ("_card", "_floors", "changes", "deps", "reasons", "segment")

    def __init__(self, segment: Segment, card: Card) -> None:
        self.segment, self._card, self.deps = segment, card, card.deps
        self._floors = tuple((band.gte, band.id) for band in segment.bands)
        self.reasons = _score_reasons(segment, card.index)
        self.changes: Ahead | None = self._next_change if card.can_rise or card.can_fall else None

    def at(self, contact: Contact, now: int) -> str | None:
        card = self._card
        value = card.board.read(contact, now).scores[card.index]
        for gte, band in self._floors:
            if gte is None or value >= gte:
                return band
        return None

    def _next_change(self, contact: Contact, now: int) -> int:
        """Look ahead: the score may reach the band above, or fall out of this one."""
        card, above, due = self._card, None, NEVER
        value = card.board.read(contact, now).scores[card.index]
        for gte, _band in self._floors:
            if gte is None or value >= gte:
                if gte is not None and card.can_fall:
                    due = crossings.falls_below(card, gte, contact, now)
                break
            above = gte
        if above is not None and card.can_rise:
            rise = crossings.rises_to(card, above, contact, now)
            return min(due, rise)
        return due


class ConditionBands:
    """Bands with a condition each; one without always matches."""

    __slots__ = ("_bands", "changes", "deps", "reasons", "segment")

    def __init__(self, segment: Segment, checks: tuple[Check, ...]) -> None:
        self.segment = segment
        self.reasons: dict[str | None, Condition | None] = {band.id: band.when for band in segment.bands}
        self._bands = tuple(zip((band.id for band in segment.bands), checks, strict=True))
        self.deps = 0
        for check in checks:
            self.deps |= check.deps
        moves = any(check.rises or check.falls for check in checks)
        self.changes: Ahead | None = self._next_change if moves else None

    def at(self, contact: Contact, now: int) -> str | None:
        for band, check in self._bands:
            if check.holds(contact, now):
                return band
        return None

    def _next_change(self, contact: Contact, now: int) -> int:
        """Look ahead: an earlier band may begin to match, or this one end to."""
        due = NEVER
        for _band, check in self._bands:
            if check.holds(contact, now):
                return due if check.falls is None else min(due, check.falls(contact, now))
            if check.rises is not None:
                due = min(due, check.rises(contact, now))
        return due


def _score_reasons(segment: Segment, score: int) -> dict[str | None, Condition | None]:
    """Make what a band of a score asks for; the rest, and no band at all, is being below the lowest."""
    lowest = min((band.gte for band in segment.bands if band.gte is not None), default=0)
    reasons: dict[str | None, Condition | None] = {
        None: ScoreTest(score=score, op="lt", value=lowest, path=f"segments.{segment.id}")
    }
    for band in segment.bands:
        op: Literal["gte", "lt"] = "lt" if band.gte is None else "gte"
        value = lowest if band.gte is None else band.gte
        reasons[band.id] = ScoreTest(score=score, op=op, value=value, path=band.path)
    return reasons
