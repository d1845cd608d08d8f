"""What a log that changes its criteria once should have led to: plain folds, joined at the barrier.

No batches, no broker, nothing of the engine. Contacts must not pass anything on to each other.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import takewhile
from typing import TYPE_CHECKING

from processors.lifecycle import Barrier, switch
from schemas.codec import decode_trusted
from tests.chaos.oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.plan import Plan
    from tests.builders.kafka import Row
    from tests.chaos.oracle import Outputs


def fold_promoted(before: Plan, after: Plan, rows: Iterable[Row]) -> Outputs:
    """Fold a log from its start: under `before` up to each partition's barrier, then from history."""
    partitions: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        partitions[row.partition].append(row)
    outputs: Outputs = {}
    for log in partitions.values():
        outputs |= _fold_partition(before, after, log)
    return outputs


def _fold_partition(before: Plan, after: Plan, log: list[Row]) -> Outputs:
    head = list(takewhile(lambda row: not _is_barrier(row), log))
    said, lived, now = (Oracle(plan, drop_duplicates=False) for plan in (before, after, after))
    said.take(head)
    if len(head) < len(log):
        lived.take(head)
        row, now.outputs = log[len(head)], said.outputs
        at = decode_trusted(row.value or b"")["occurred_at"]
        barrier = Barrier(position=row.offset, at=at, in_place=False)
        for key, state in said.states.items():
            switched, changes = switch(before, state, after, lived.states[key], barrier)
            now.note(row.partition, key, changes, switched)
        now.take(log[len(head) + 1 :])
    return said.outputs


def _is_barrier(row: Row) -> bool:
    return not row.key and decode_trusted(row.value or b"")["type"] == "lifecycle_changed"
