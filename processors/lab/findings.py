"""What every variant made of a history, however that was folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lab.outcome import Calls, Span, Wins, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processors.lab.variants import Variant

    PartOf = Callable[[str], str | None]


class Findings:
    """`calls` are the variants', in their order; `first` and `last`: where the log begins and ends, ms UTC.

    `part_of` names the contact that another has become part of, if any; it is asked when the log was folded.
    """

    def __init__(self, variants: Sequence[Variant], stage: str, part_of: PartOf) -> None:
        self.variants, self.stage, self._part_of = variants, stage, part_of
        self.calls = [Calls(plan=variant.plan, stage=stage) for variant in variants]
        self.wins = Wins()
        self.events = self.refused = self.first = self.last = 0

    def outcomes(self, horizon: int) -> list[dict[str, Any]]:
        """Judge every variant, in order; `horizon`: ms after a call in which a win counts for it."""
        wins = self.wins.by_contact(self._home)
        span = Span(first=self.first, end=self.last, horizon=horizon)
        return [outcome(calls, wins, span, self._home) for calls in self.calls]

    def _home(self, contact_id: str) -> str:
        """Follow merges and identifications; they are the same under every variant."""
        while (into := self._part_of(contact_id)) is not None:
            contact_id = into
        return contact_id
