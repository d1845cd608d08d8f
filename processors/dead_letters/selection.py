"""Which letters: by id or by what they say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.dead_letters.letter import Letter, LetterId

State = Literal["open", "replayed", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Every condition that is given must hold; with none given, every letter is selected.

    `reason`: part of it, in any case. `since` (inclusive) and `until` (exclusive): ms, UTC, of the refusal.
    """

    ids: frozenset[LetterId] = frozenset()
    reason: str | None = None
    topic: str | None = None
    step: str | None = None
    since: int | None = None
    until: int | None = None
    state: State = "all"

    def has(self, letter: Letter, replayed: Mapping[LetterId, int]) -> bool:
        """Tell whether the letter is selected; `replayed`: the letters that were, and when."""
        return (
            (not self.ids or letter.id in self.ids)
            and (self.reason is None or self.reason.casefold() in letter.reason.casefold())
            and self.topic in {None, letter.topic}
            and self.step in {None, letter.step}
            and (self.since is None or letter.refused_at >= self.since)
            and (self.until is None or letter.refused_at < self.until)
            and (self.state == "all" or (self.state == "replayed") == (letter.id in replayed))
        )
