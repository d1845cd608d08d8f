"""Periods, and lengths of time as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPAN = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def span_ms(text: str) -> int | None:
    """Read `90m`, `36h`, `7d` as ms; None for what is written otherwise."""
    found = _SPAN.fullmatch(text)
    return int(found[1]) * _MS[found[2]] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` to just before `until` (ms, UTC); None: without beginning, without end.

    Raises ValueError for one that ends before it begins.
    """

    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        """Refuse one in which nothing can happen."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since must come before until.")

    def bounds(self) -> tuple[str, str]:
        """Return the period as the scores of a sorted set are asked for."""
        low = "-inf" if self.since is None else str(self.since)
        return low, "+inf" if self.until is None else f"({self.until}"


EVER = Period()
