"""Steps of many contacts done by the compiled back-end: each contact as far as it goes, told in log order.

A step that it does not do is done by the reference, on the same state; then it goes on. A state and an output
are the same bytes whoever made them, so who does which step has no say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgpack

from processors.backend import compiled
from processors.engine.batch import Output
from processors.engine.outputs import published
from processors.lifecycle import next_due
from schemas.codec import HEADER_BYTES, SINGLE_OBJECT
from schemas.events import RECORDS
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import stageline_native

    from processors.engine.batch import Batch, Record
    from processors.lifecycle import Barrier
    from processors.lifecycle.plan import Plan

    Told = dict[str, Any] | Output
    """A change, or the output that was made of it."""
    Step = tuple[int, bytes | None]
    """A record: its offset and value; or the clock: the time (ms, UTC) and None."""
    Steps = dict[bytes, list[Step]]
    Reference = Callable[[Step, bytes], tuple[bytes, Sequence[Told]]]
    """Does one step to a state."""

T = TypeVar("T")


def starts_of(*types: str) -> frozenset[bytes]:
    """List how records of these types start, in any version."""
    return frozenset(SINGLE_OBJECT + record.fingerprint for record in RECORDS if record.name in types)


MARKS = starts_of("clock_advanced", "lifecycle_changed")  # they concern every contact at once


class Runs:
    """The steps of one batch. `marks`: how records start that are not done here, but in their turn."""

    def __init__(self, ready: stageline_native.Plan, batch: Batch, marks: frozenset[bytes] = MARKS) -> None:
        self._ready, self._batch, self._marks = ready, batch, marks

    def stretch(self, start: int) -> Sequence[Record]:
        """List the records from number `start` up to the next mark."""
        records = self._batch.records[start:]
        for number, record in enumerate(records):
            if (record.value or b"")[:HEADER_BYTES] in self._marks:
                return records[:number]
        return records

    def fold(
        self,
        records: Sequence[Record],
        reference: Reference,
        tell: Callable[[Record, Iterable[Told]], None],
    ) -> None:
        """Fold records. Where the reference raises, nothing has been noted or told."""
        told = self.do(_by_key(records), reference)
        for record in records:
            if record.offset in told:
                self._batch.offset = record.offset
                tell(record, told[record.offset])

    def do(self, left: Steps, reference: Reference) -> dict[int, list[Told]]:
        """Do steps, of each contact in order; note states and who is due. Returns what is told, by step."""
        told: dict[int, list[Told]] = {}
        after: dict[bytes, tuple[bytes, int | None]] = {}
        stuck: set[bytes] = set()
        while left:
            contacts, left = left, {}
            states = [after[key][0] if key in after else self._batch.state(key) for key in contacts]
            done = self._ready.run(list(zip(states, contacts.values(), strict=True)))
            for (key, steps), (count, _why, state, due, changes) in zip(contacts.items(), done, strict=True):
                for step, change in changes:
                    told.setdefault(steps[step][0], []).append(told_of(change, self._ready.lifecycle))
                after[key] = state, due
                if count < len(steps):
                    # Of a contact that stops it twice running, all that is left: most often it has ended.
                    alone = len(steps) if count == 0 and key in stuck else count + 1
                    after[key] = _alone(state, steps[count:alone], reference, told)
                    stuck.add(key)
                    if alone < len(steps):
                        left[key] = steps[alone:]
        for key, (state, due) in after.items():
            if state:
                self._batch.states[key] = state
                self._batch.timers.set(key, due)
        return told


def _alone(
    state: bytes, steps: Iterable[Step], reference: Reference, told: dict[int, list[Told]]
) -> tuple[bytes, int | None]:
    for step in steps:
        state, changes = reference(step, state)
        if changes:
            told.setdefault(step[0], []).extend(changes)
    return state, next_due(state) if state else None


def told_of(change: stageline_native.Change, lifecycle: str) -> Told:
    """Read a change that the compiled back-end tells, most often as what is to be written."""
    if isinstance(change, bytes):
        return dict(msgpack.unpackb(change))
    if len(change) == 2:
        return Output(CONTACT_EVENTS.name, *change)
    return published(change, lifecycle)


def switched(
    old: Plan, new: Plan, contacts: list[tuple[bytes, bytes]], barrier: Barrier
) -> list[tuple[bytes, list[Told]] | None]:
    """Take contacts over to another definition; None for whom `switch` is needed.

    Each contact as its states under the two. Gives its state and what is told.
    """
    return _gone_over((old, new), contacts, barrier, "outputs", told_of)


def switched_in_full(
    old: Plan, new: Plan, contacts: list[tuple[bytes, bytes]], barrier: Barrier
) -> list[tuple[bytes, list[dict[str, Any]]] | None]:
    """Do the same, with what is told as `switch` tells it."""
    return _gone_over((old, new), contacts, barrier, "packed", lambda change, _name: msgpack.unpackb(change))


def _gone_over(
    plans: tuple[Plan, Plan],
    contacts: list[tuple[bytes, bytes]],
    barrier: Barrier,
    form: stageline_native.Form,
    read: Callable[[Any, str], T],
) -> list[tuple[bytes, list[T]] | None]:
    """`read` a change with the name of the definition that tells it."""
    before, after = (compiled(plan, form) for plan in plans)
    if before is None or after is None:
        return [None] * len(contacts)
    old, new = before.lifecycle, after.lifecycle

    def gone(state: bytes, due: Iterable[Any], told: Iterable[Any]) -> tuple[bytes, list[T]]:
        return state, [*(read(change, old) for change in due), *(read(change, new) for change in told)]

    done = after.switch(before, contacts, (barrier.position, barrier.at, barrier.in_place))
    return [None if one is None else gone(*one) for one in done]


def _by_key(records: Iterable[Record]) -> Steps:
    steps: Steps = {}
    for record in records:
        steps.setdefault(record.key or b"", []).append((record.offset, record.value or b""))
    return steps
