"""What conditions read, one bit for each, so that only what was touched is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan


class Inputs:
    """The bits of one plan: counters first, then calendars, scores, and what is there once."""

    __slots__ = ("_calendars", "_counters", "deals", "everything", "handoff", "last", "profile", "stage")

    def __init__(self, plan: Plan) -> None:
        self._counters, self._calendars = len(plan.counters), len(plan.calendars)
        first = self._counters + self._calendars + len(plan.scores)
        self.profile, self.deals, self.last, self.stage, self.handoff = (
            1 << first + offset for offset in range(5)
        )
        self.everything = (1 << first + 5) - 1

    def counter(self, index: int) -> int:
        """Bit of a counter."""
        return 1 << index

    def calendar(self, index: int) -> int:
        """Bit of a calendar."""
        return 1 << self._counters + index

    def score(self, index: int) -> int:
        """Bit of what a score's rules for behaviour have added up."""
        return 1 << self._counters + self._calendars + index
