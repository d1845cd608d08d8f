"""What a contact must remember, collected while conditions are compiled; equal needs are shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processors.lifecycle.plan import MARGIN, Calendar, Counter

if TYPE_CHECKING:
    from typing import Literal


@dataclass(slots=True)
class Accumulators:
    """Each keeps the largest `keep` that any condition asks for. Indices are in order of first use."""

    _counters: dict[tuple[int, str | None], int] = field(default_factory=dict)
    _calendars: dict[tuple[int, Literal["day", "week"]], int] = field(default_factory=dict)
    _last: dict[tuple[str, str], None] = field(default_factory=dict)
    _profile: dict[str, None] = field(default_factory=dict)

    def counter(self, behaviour: int, distinct: str | None, count: int) -> int:
        """Ask for the newest `count` timestamps; returns the counter's index."""
        key = (behaviour, distinct)
        self._counters[key] = max(count, self._counters.get(key, 0))
        return list(self._counters).index(key)

    def calendar(self, behaviour: int, unit: Literal["day", "week"], periods: int) -> int:
        """Ask for the newest `periods` days or weeks; returns the calendar's index."""
        key = (behaviour, unit)
        self._calendars[key] = max(periods, self._calendars.get(key, 0))
        return list(self._calendars).index(key)

    def last(self, event: str, name: str) -> None:
        """Ask for a field of the newest event of a type."""
        self._last[event, name] = None

    def profile(self, name: str) -> None:
        """Ask for a profile field."""
        self._profile[name] = None

    @property
    def counters(self) -> tuple[Counter, ...]:
        """All counters, with a margin for events that are voided later."""
        return tuple(
            Counter(behaviour=behaviour, distinct=distinct, keep=count + MARGIN)
            for (behaviour, distinct), count in self._counters.items()
        )

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        """All calendars."""
        return tuple(
            Calendar(behaviour=behaviour, unit=unit, keep=periods)
            for (behaviour, unit), periods in self._calendars.items()
        )

    @property
    def last_fields(self) -> tuple[tuple[str, str], ...]:
        """(event type, field) pairs."""
        return tuple(sorted(self._last))

    @property
    def profile_fields(self) -> tuple[str, ...]:
        """Profile fields."""
        return tuple(sorted(self._profile))
