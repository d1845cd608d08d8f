"""What contact-events should have led to: the log folded by the pure core, one record at a time.

No batches, no broker, nothing of the engine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from processors.lifecycle import dump, fold, load, next_due, tick
from schemas.codec import decode_trusted
from schemas.topics import MQL_HANDOFF, SEGMENT_CHANGED, STAGE_CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.plan import Plan
    from tests.builders.kafka import Row

    Change = dict[str, Any]
    States = dict[bytes, bytes]
    Outputs = dict[tuple[str, bytes], list[Change]]  # by topic and contact, in order

PUBLISHED = {
    "stage_changed": STAGE_CHANGED.name,
    "segment_changed": SEGMENT_CHANGED.name,
    "mql_handoff": MQL_HANDOFF.name,
}


def fold_log(plan: Plan, rows: Iterable[Row], *, drop_duplicates: bool = False) -> tuple[Outputs, States]:
    """Fold a log from its start."""
    oracle = Oracle(plan, drop_duplicates=drop_duplicates)
    oracle.take(rows)
    return oracle.outputs, oracle.states


class Oracle:
    """Folds a log piece by piece, each partition by itself; `drop_duplicates`: without what comes again."""

    def __init__(self, plan: Plan, *, drop_duplicates: bool) -> None:
        self.outputs: Outputs = defaultdict(list)
        self.states: States = {}
        self.passed_on: Counter[tuple[bytes, str]] = Counter()  # events given to another contact
        self.refused: Counter[tuple[int, int]] = Counter()  # partition and offset
        self._plan = plan
        self._drop_duplicates = drop_duplicates
        self._due: dict[int, dict[bytes, int]] = defaultdict(dict)
        self._seen: set[tuple[bytes, str]] = set()

    def take(self, rows: Iterable[Row]) -> None:
        """Fold the next rows."""
        for row in rows:
            event = decode_trusted(row.value or b"")
            if event["type"] == "clock_advanced":
                self._advance(row.partition, event["at"])
            elif not self._drop_duplicates or (row.key, event["event_id"]) not in self._seen:
                self._seen.add((row.key, event["event_id"]))
                contact = load(self._plan, self.states.get(row.key, b""))
                changes = fold(self._plan, contact, event | {"position": row.offset})
                self._note_others(row, changes)
                self.note(row.partition, row.key, changes, dump(self._plan, contact))

    def _advance(self, partition: int, at: int) -> None:
        due = self._due[partition]
        for _, key in sorted((when, key) for key, when in due.items() if when <= at):
            contact = load(self._plan, self.states[key])
            self.note(partition, key, tick(self._plan, contact, at), dump(self._plan, contact))

    def _note_others(self, row: Row, changes: Iterable[Change]) -> None:
        for change in changes:
            match change["record"]:
                case "event_refused":
                    self.refused[row.partition, row.offset] += 1
                case "history_transferred":
                    self.passed_on[change["contact_id"].encode(), change["event_id"]] += 1
                case "event_forwarded":
                    self.passed_on[change["contact_id"].encode(), change["event"]["event_id"]] += 1

    def note(self, partition: int, key: bytes, changes: tuple[Change, ...], state: bytes) -> None:
        """Take what became of a contact."""
        for change in changes:
            if change["record"] in PUBLISHED:
                self.outputs[PUBLISHED[change["record"]], key].append(change)
        self.states[key] = state
        when = next_due(state)
        self._due[partition].pop(key, None)
        if when is not None:
            self._due[partition][key] = when
