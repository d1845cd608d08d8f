"""What contact-events should have led to: the log folded by the pure core, one record at a time.

No batches, no broker, nothing of the engine.
"""

from __future__ import annotations

from collections import defaultdict
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
    """Fold a log, each partition by itself; `drop_duplicates` leaves out events that come again."""
    outputs: Outputs = defaultdict(list)
    states: States = {}
    by_partition: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_partition[row.partition].append(row)
    for partition in by_partition.values():
        states |= _fold_partition(plan, partition, outputs, drop_duplicates=drop_duplicates)
    return outputs, states


def _fold_partition(plan: Plan, rows: list[Row], outputs: Outputs, *, drop_duplicates: bool) -> States:
    states: States = {}
    due: dict[bytes, int] = {}
    seen: set[tuple[bytes, str]] = set()

    def take(key: bytes, changes: tuple[Change, ...], state: bytes) -> None:
        for change in changes:
            if change["record"] in PUBLISHED:
                outputs[PUBLISHED[change["record"]], key].append(change)
        states[key] = state
        when = next_due(state)
        due.pop(key, None)
        if when is not None:
            due[key] = when

    for row in rows:
        event = decode_trusted(row.value or b"")
        if event["type"] == "clock_advanced":
            for _, key in sorted((when, key) for key, when in due.items() if when <= event["at"]):
                contact = load(plan, states[key])
                take(key, tick(plan, contact, event["at"]), dump(plan, contact))
        elif not drop_duplicates or (row.key, event["event_id"]) not in seen:
            seen.add((row.key, event["event_id"]))
            contact = load(plan, states.get(row.key, b""))
            changes = fold(plan, contact, event | {"position": row.offset})
            take(row.key, changes, dump(plan, contact))
    return states
