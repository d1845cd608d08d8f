"""Contacts of an archive folded one at a time, to exactly what the live run made of them.

What contacts pass on to each other is in the log already, so that each of them can be folded alone. Two
things need another contact's records: folding again without what came from it and was undone or voided, and a
transfer of history that was written under another definition than the one that decides: it holds a state of
that one.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache, partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from processors.lifecycle.lived import Missing, as_lived, is_foreign, translated
from processors.lifecycle.plan_json import plan_from_json
from processors.lifecycle.program import MOST_PROGRAMS
from processors.lifecycle.state import position_of
from processors.lifecycle.switch import Barrier
from processors.replay.clocks import Clocks
from processors.replay.course import Course, Takeover
from schemas.codec import decode_trusted
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from processors.archive.folder import Archive
    from processors.lifecycle.plan import Plan
    from processors.replay.summary import Tally
    from schemas.archived import Archived

    Event = dict[str, Any]
    Change = dict[str, Any]
    Marks = tuple[Clocks, tuple[Event, ...]]
    """Clock records, and the barriers."""

TRANSFERS_KEPT = 10_000  # worked out, each up to some kB: a chain of merges asks for the same ones again
_plan_of = lru_cache(maxsize=MOST_PROGRAMS)(plan_from_json)  # all partitions pass the same few barriers


class ByContact:
    """Folds contacts of an archive, and counts while it goes on.

    As it was recorded, `plan` being the definition at the start; or `anew`: `plan` decides about all of it.
    `until` (ms, UTC): as it was then, without what happened later. `refused`: records that cannot be read;
    `last_time`: of the newest event, ms UTC.
    """

    def __init__(self, plan: Plan, archive: Archive, *, anew: bool = False, until: int | None = None) -> None:
        self.plan, self.archive, self.anew, self._until = plan, archive, anew, until
        self.events = self.refused = self.last_time = 0
        self._marks: dict[int, Marks] = {}
        self._takeovers: dict[int, tuple[Takeover, ...]] = {}
        self._transfers: dict[tuple[str, str], bytes] = {}  # by plan and transfer
        self._asks = False  # for a state that is not worked out yet, instead of working it out

    def fold(self, key: bytes, records: Iterable[Archived], take: Callable[[Change], None]) -> Course:
        """Fold one contact from its records in order; every change goes to `take`.

        That includes what it passes on to others, which is in the log already.
        """
        course = self.course(key, take)
        for record in records:
            self.events += 1
            event = self.read(record)
            if event is not None:
                course.go_to(event["position"])
                course.apply(event)
        course.go_to(None)
        return course

    def lived(self, plan: Plan, key: bytes, before: int) -> Course:
        """Fold a contact as another definition would have had it, up to an offset."""
        other = self.anew_under(plan)
        course = other.course(key, lambda _change: None)
        for record in self.archive.records_of(key):
            event = other.read(record) if record.offset < before else None
            if event is not None:
                course.go_to(event["position"])
                course.apply(event)
        course.go_to(before)
        return course

    def count(self, records: Iterable[Archived]) -> None:
        """Count records of no contact."""
        for record in records:
            self.events += 1
            self.read(record)

    def note(self, tally: Tally) -> None:
        """Add what was read."""
        tally.events, tally.refused, tally.last_time = self.events, self.refused, self.last_time

    def read(self, record: Archived) -> Event | None:
        """Read a record; None for one that the lifecycle had to set aside."""
        try:
            event = decode_trusted(record.value)
        except SchemaError:
            self.refused += 1
            return None
        if self._until is not None and event["occurred_at"] > self._until:
            return None
        self.last_time = max(self.last_time, event["occurred_at"])
        event["position"] = record.offset
        return event

    def history(self, contact_id: str) -> Iterator[Event]:
        """Read again all that a contact was ever told."""
        for record in self.archive.records_of(contact_id.encode()):
            with suppress(SchemaError):
                yield decode_trusted(record.value) | {"position": record.offset}

    def understood(self, plan: Plan, event: Event) -> Event:
        """Say an event in the terms of the definition that decides."""
        transferred = partial(self._transferred, plan)
        if self.anew:
            return dict(as_lived(plan, event, transferred))
        return dict(translated(event, transferred)) if is_foreign(plan, event) else event

    def marks(self, partition: int) -> tuple[Clocks, tuple[Takeover, ...]]:
        """Read a partition's clock records, and where another plan takes over: nowhere, if anew.

        Raises LifecycleError for a plan that this version cannot read.
        """
        if partition not in self._marks:
            self._marks[partition] = self._read_marks(partition)
        clocks, barriers = self._marks[partition]
        if self.anew:
            return clocks, ()
        if partition not in self._takeovers:
            self._takeovers[partition] = tuple(map(_takeover, barriers))
        return clocks, self._takeovers[partition]

    def _read_marks(self, partition: int) -> Marks:
        barriers: list[Event] = []
        newest = 0  # generation

        def clocks() -> Iterator[tuple[int, int]]:
            nonlocal newest
            for record in self.archive.keyless(partition):
                with suppress(SchemaError):
                    event = decode_trusted(record.value) | {"position": record.offset}
                    if self._until is not None and event["occurred_at"] > self._until:
                        continue
                    if event["type"] == "clock_advanced":
                        yield record.offset, event["at"]
                    elif event["type"] == "lifecycle_changed" and event["generation"] > newest:
                        newest = event["generation"]
                        barriers.append(event)

        return Clocks(clocks()), tuple(barriers)

    def course(self, key: bytes, take: Callable[[Change], None]) -> Course:
        """Begin with a contact."""
        clocks, takeovers = self.marks(self.archive.home_of(key))
        return Course(self, key, clocks, takeovers, take)

    def anew_under(self, plan: Plan, *, asks: bool = False) -> ByContact:
        """Fold the same archive as if another plan had decided about all of it."""
        other = ByContact(plan, self.archive, anew=True)
        other._marks, other._transfers, other._asks = self._marks, self._transfers, asks
        return other

    def _transferred(self, plan: Plan, transfer: Mapping[str, Any]) -> bytes:
        """Work out the state that came with a transfer, had this definition decided."""
        key = (plan.plan_hash, transfer["event_id"])
        if key in self._transfers:
            return self._transfers[key]
        if self._asks:
            raise Missing(transfer)
        wanted = [transfer]
        while wanted:
            try:
                state = self._worked_out(plan, wanted[-1])
            except Missing as missing:
                wanted.append(missing.transfer)
            else:
                self._keep(plan, wanted.pop(), state)
        return self._transfers[key]

    def _keep(self, plan: Plan, transfer: Mapping[str, Any], state: bytes) -> None:
        while len(self._transfers) >= TRANSFERS_KEPT:
            del self._transfers[next(iter(self._transfers))]
        self._transfers[plan.plan_hash, transfer["event_id"]] = state

    def _worked_out(self, plan: Plan, transfer: Mapping[str, Any]) -> bytes:
        key, until = transfer["other"].encode(), position_of(transfer["state"])
        found: list[bytes] = []

        def look(change: Change) -> None:
            if change["record"] == "history_transferred" and change["event_id"] == transfer["event_id"]:
                found.append(change["state"])

        other = self.anew_under(plan, asks=True)
        records = takewhile(lambda one: one.offset <= until, self.archive.records_of(key))
        course = other.fold(key, records, look)
        return found[0] if found else course.state()


def _takeover(event: Event) -> Takeover:
    barrier = Barrier(position=event["position"], at=event["occurred_at"], in_place=event["in_place"])
    return Takeover(barrier, _plan_of(event["plan"]))
