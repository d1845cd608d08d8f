"""What becomes of a line of input: an event, a refusal that keeps its bytes, or nothing to count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line that became an event."""

    line: int
    event: Event
    original: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that can never be read. Goes to the rejects file."""

    line: int
    reason: str
    original: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A line that is in order and no engagement: a bot, an image. Counted by reason."""

    line: int
    reason: str


Item = Row | Refused | Skipped
