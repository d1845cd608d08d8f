"""One contact on its way through the log: its events, its partition's clock, changes of the definition."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from processors import lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processors.lifecycle import Barrier
    from processors.lifecycle.plan import Plan
    from processors.replay.by_contact import ByContact
    from processors.replay.clocks import Clocks
    from processors.replay.summary import Tally

    Event = dict[str, Any]
    Change = dict[str, Any]


class Takeover(NamedTuple):
    """The record from which on another plan decides in a partition."""

    barrier: Barrier
    plan: Plan


class Course:
    """Made by `ByContact`. `refused`: events that the core did not apply."""

    def __init__(
        self,
        log: ByContact,
        key: bytes,
        clocks: Clocks,
        takeovers: Sequence[Takeover],
        take: Callable[[Change], None],
    ) -> None:
        self.plan: Plan = log.plan
        self.contact = lifecycle.load(self.plan, b"")
        self.refused = 0
        self._log, self._key, self._take = log, key, take
        self._clocks, self._clock = clocks, 0
        self._to_come = list(reversed(takeovers))

    def state(self) -> bytes:
        """Give the contact's state."""
        return lifecycle.dump(self.plan, self.contact)

    def go_to(self, offset: int | None) -> None:
        """Pass what stands before an offset and concerns every contact; None: all that is left."""
        while self._to_come and (offset is None or self._to_come[-1].barrier.position < offset):
            barrier, plan = self._to_come.pop()
            self._tick_until(self._clocks.after(barrier.position))
            self._cross(barrier, plan)
        self._tick_until(len(self._clocks) if offset is None else self._clocks.after(offset))

    def apply(self, event: Event) -> None:
        """Apply an event of the contact."""
        if event["contact_id"] is None:
            return
        told = self._log.understood(self.plan, event)
        for change in lifecycle.fold(self.plan, self.contact, told):
            if change["record"] == "refold_needed":
                self._refold()
            else:
                self.refused += change["record"] == "event_refused"
                self._take(change)

    def finish(self, as_of: int) -> None:
        """Advance the contact's clock beyond the log's."""
        self._tell(lifecycle.tick(self.plan, self.contact, as_of))

    def note(self, tally: Tally) -> None:
        """Count the contact, unless it is not known, part of another one, or erased."""
        contact = self.contact
        tally.contacts += bool(contact.id) and contact.forward_to is None and not contact.erased
        tally.not_applied += self.refused

    def _tick_until(self, end: int) -> None:
        """Let those of the clock records before number `end` advance the contact by which it is due."""
        while self.contact.next_due is not None:
            number = self._clocks.first_due(self.contact.next_due, self._clock)
            if number >= end:
                break
            self._tell(lifecycle.tick(self.plan, self.contact, self._clocks.at(number)))
            self._clock = number + 1
        self._clock = max(self._clock, end)

    def _cross(self, barrier: Barrier, plan: Plan) -> None:
        old, self.plan = self.plan, plan
        if not self.contact.id:
            return
        said = lived = lifecycle.dump(old, self.contact)
        if not barrier.in_place:
            lived = self._log.lived(plan, self._key, barrier.position).state()
        state, changes = lifecycle.switch(old, said, plan, lived, barrier)
        self.contact = lifecycle.load(plan, state)
        self._tell(changes)

    def _refold(self) -> None:
        """Fold the contact again from all that the log holds."""
        log = lifecycle.Log(self._log.history, partial(self._log.understood, self.plan))
        state, changes = lifecycle.refold(self.plan, log, keep_moves_of=self.state())
        self.contact = lifecycle.load(self.plan, state)
        self._tell(changes)

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._take(change)
