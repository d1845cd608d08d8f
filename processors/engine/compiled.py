"""Runs of records that the compiled back-end can do: each folded contact by contact, told in log order.

What it does not do ends a run: the record goes to the reference, and so do all later ones of its contact in
this batch. A state and a change are the same bytes whoever made them, so where runs end has no say.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

import msgpack

from schemas.codec import HEADER_BYTES, SINGLE_OBJECT
from schemas.events import RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import stageline_native

    from processors.engine.batch import Batch, Record

    Change = dict[str, Any]
    Steps = dict[bytes, list[tuple[int, bytes | None]]]

MOST = 512  # records of a run: so much may be done twice where one of them has to go to the reference
OTHERS = frozenset((
    "clock_advanced", "lifecycle_changed", "engagement_voided", "contact_erased", "contact_identified",
    "contacts_merged", "merge_undone", "history_transferred",
))  # fmt: skip
"""Records that concern more than one contact, or need more than its state."""
PLAIN = frozenset(
    SINGLE_OBJECT + record.fingerprint
    for record in RECORDS
    if record.role != "output" and record.name not in OTHERS
)


class Runs:
    """The runs of one batch."""

    def __init__(self, ready: stageline_native.Plan, batch: Batch) -> None:
        self._ready, self._batch = ready, batch
        self._left: set[bytes] = set()  # contacts that the reference goes on with

    def fold(self, start: int, tell: Callable[[Record, Iterable[Change]], None]) -> int:
        """Fold a run that begins with record number `start`; tell how many records that was, perhaps none."""
        ahead = self._batch.records[start : start + MOST]
        run = list(takewhile(self.takes, ahead))
        while run:
            steps = _by_key(run)
            done = self._ready.run([(self._batch.state(key), own) for key, own in steps.items()])
            stopped = [
                (own[result[0]][0], key)
                for (key, own), result in zip(steps.items(), done, strict=True)
                if result[0] < len(own)
            ]
            if not stopped:
                self._note(run, steps, done, tell)
                break
            offset, key = min(stopped)
            self._left.add(key)
            run = [record for record in run if record.offset < offset]
        return len(run)

    def takes(self, record: Record) -> bool:
        """Tell whether a record may be part of a run."""
        start = (record.value or b"")[:HEADER_BYTES]
        return bool(record.key) and record.key not in self._left and start in PLAIN

    def _note(
        self,
        run: Sequence[Record],
        steps: Steps,
        done: Sequence[tuple[int, str | None, bytes, int | None, list[tuple[int, bytes]]]],
        tell: Callable[[Record, Iterable[Change]], None],
    ) -> None:
        told: dict[int, list[Change]] = {}
        for (key, own), (_steps, _stopped, state, due, changes) in zip(steps.items(), done, strict=True):
            for step, change in changes:
                told.setdefault(own[step][0], []).append(msgpack.unpackb(change))
            if state:
                self._batch.states[key] = state
                self._batch.timers.set(key, due)
        for record in run:
            if record.offset in told:
                self._batch.offset = record.offset
                tell(record, told[record.offset])


def _by_key(run: Iterable[Record]) -> Steps:
    steps: Steps = {}
    for record in run:
        steps.setdefault(record.key or b"", []).append((record.offset, record.value or b""))
    return steps
