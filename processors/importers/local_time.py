"""Times as exports write them: a format, a zone, and hours that a clock change doubles or skips."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from schemas.times import to_ms

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Ambiguous = Literal["refuse", "earlier", "later"]
Nonexistent = Literal["refuse", "forward"]
_WHOLE = re.compile(r"-?[0-9]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """How to read a time. `zone`: for times that carry none.

    `text` is `iso` (ISO 8601, also a bare date: its midnight), `epoch` (seconds), `epoch_ms`, or a format
    of Python's `strptime`.
    """

    text: str
    zone: ZoneInfo | None
    ambiguous: Ambiguous
    nonexistent: Nonexistent

    def milliseconds(self, cell: str) -> int:
        """Read one cell: ms, UTC. Raises ValueError saying what is wrong and what to write."""
        if self.text in {"epoch", "epoch_ms"}:
            return _epoch(cell, 1000 if self.text == "epoch" else 1)
        moment = self._parse(cell)
        if moment.tzinfo is None:
            moment = self._localise(moment)
        return to_ms(moment)

    def _parse(self, cell: str) -> datetime:
        try:
            if self.text == "iso":
                return datetime.fromisoformat(cell)
            return datetime.strptime(cell, self.text)  # noqa: DTZ007 - the zone comes next
        except ValueError:
            raise ValueError(f"{cell[:40]!r} is not a time of the format {self.text!r}") from None

    def _localise(self, naive: datetime) -> datetime:
        """Give a local time its offset. A clock put back shows an hour twice, one put forward skips one."""
        if self.zone is None:
            raise ValueError(f"{naive} has no zone: give the column one in the map")
        first, second = (naive.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first == second:
            return first
        if first.astimezone(self.zone).replace(tzinfo=None) != naive:
            if self.nonexistent == "refuse":
                raise ValueError(f"{naive} never was in {self.zone}: clocks were put forward. {SKIPPED}")
            return first  # as if the clock had not been put forward: 02:30 is 03:30
        if self.ambiguous == "refuse":
            raise ValueError(f"{naive} was twice in {self.zone}: clocks were put back. {DOUBLED}")
        return first if self.ambiguous == "earlier" else second


SKIPPED = "Write `nonexistent: forward` in the map to move such times on by the hour"
DOUBLED = "Write `ambiguous: earlier` or `later` in the map to choose"


def _epoch(cell: str, factor: int) -> int:
    if not _WHOLE.fullmatch(cell):
        raise ValueError(f"{cell[:40]!r} is not a whole number of seconds or milliseconds")
    return int(cell) * factor
