"""Times as records hold them: whole milliseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY_MS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Return a moment that has a zone as ms; what is finer is cut off."""
    return (moment - EPOCH) // MILLISECOND


def from_ms(at: int) -> datetime:
    """Return ms as a moment in UTC."""
    return EPOCH + at * MILLISECOND
