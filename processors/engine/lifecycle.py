"""The processor that decides: contact-events in, contacts' states and everything that changed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.backend import compiled_back_end
from processors.engine.batch import Output
from processors.engine.dead_letter import dead_letter
from processors.engine.folding import Folding
from processors.engine.outputs import TOPICS, to_output
from processors.engine.rules import first_rules, go_over, read_rules
from processors.engine.shredding import shredding
from processors.lifecycle import next_due
from schemas.codec import encode
from schemas.events import HEADER
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS, DEAD_LETTER, LIFECYCLE_CHANGELOG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.engine.batch import Batch, Clock, Record
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]


class LifecycleClock:
    """The time, as an event of contact-events that concerns no contact in particular."""

    def next_due(self, state: bytes) -> int | None:
        """Return when a contact needs the clock next (ms, UTC)."""
        return next_due(state)

    def record(self, at: int) -> bytes | None:
        """Return `clock_advanced` as bytes."""
        event = {"type": "clock_advanced", "event_id": f"clock-{at}", "occurred_at": at, "at": at}
        return encode(dict.fromkeys(HEADER) | event)


class Lifecycle:
    """Applies the definition in force: the one it was given, until a barrier in the log names another."""

    name: str = "stageline-lifecycle"
    sources: tuple[str, ...] = (CONTACT_EVENTS.name,)
    changelog: str | None = LIFECYCLE_CHANGELOG.name
    outputs: tuple[str, ...] = (*TOPICS, CONTACT_KEYS.name, DEAD_LETTER.name)

    def __init__(self, plan: Plan) -> None:
        self.clock: Clock | None = LifecycleClock()
        self.unlocked: bool = compiled_back_end() is not None
        self._first = first_rules(plan)

    def process(self, batch: Batch) -> None:
        """Apply the records in order, up to a barrier."""
        rules = self._first if batch.rules is None else read_rules(batch.rules)

        def tell(record: Record, changes: Iterable[Change | Output]) -> None:
            for change in changes:
                if isinstance(change, Output):
                    batch.outputs.append(change)
                elif change["record"] == "event_refused":
                    letter = dead_letter(batch.source, record, change["reason"], "lifecycle")
                    batch.outputs.append(letter)
                elif change["record"] == "keys_shredded":
                    batch.outputs += shredding(change)
                else:
                    batch.outputs.append(to_output(change))

        folding = Folding(rules.plan, batch, tell)
        folding.run(lambda record, event: go_over(folding, rules, record, event))
