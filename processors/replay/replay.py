"""The log folded in one process: what the engine does with many, in log order and in memory.

A contact's timers fire when its next event comes, or at the end: each contact has its own clock, so that what
becomes of one does not depend on the others.
"""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from processors import lifecycle
from processors.intake import place_normal
from processors.replay.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]
    History = Callable[[], Iterable[Event]]

OUTPUTS = frozenset(("stage_changed", "segment_changed", "mql_handoff"))
STEPS = 1_024  # positions per line of a log that is not recorded: one line may be told to several contacts


class Replay:
    """Folds a log under one plan.

    `history` gives the log again from its start, for contacts that have to be folded again. A `recorded` log
    is contact-events as it is: its events are placed already, and what contacts pass on to each other is in
    it; otherwise events are placed here and passed on at once. With `only` other contacts are left out.
    """

    def __init__(
        self,
        plan: Plan,
        history: History,
        *,
        recorded: bool = False,
        only: AbstractSet[str] | None = None,
    ) -> None:
        self.plan, self._history, self._recorded, self._only = plan, history, recorded, only
        self.contacts: dict[str, Contact] = {}
        self.refused = 0
        self.told: dict[str, list[Event]] = {}  # by contact, when one is sought
        self._seeks: str | None = None  # the contact whose history is wanted: it is not folded again
        self._fed_by: dict[str, set[str]] = {}  # contact → contacts that passed events on to it
        self._timers = Timers()

    def feed(self, event: Event) -> Iterator[Change]:
        """Apply one event of the log; `event["position"]` is its place there. Yields outputs."""
        if event["type"] == "clock_advanced":
            for contact_id in self._timers.due(self.contacts.values(), event["at"]):
                yield from self._tick(self.contacts[contact_id], event["at"])
        elif self._recorded:
            yield from self._deliver(deque([event]), None)
        else:
            yield from self._deliver(deque(place_normal(event)), event["position"] * STEPS)

    def finish(self, as_of: int) -> Iterator[Change]:
        """Advance every contact to `as_of`, in order of their ids."""
        for contact_id in sorted(self.contacts):
            yield from self._tick(self.contacts[contact_id], as_of)

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Every contact's state, in order of their ids."""
        for contact_id in sorted(self.contacts):
            yield contact_id, lifecycle.dump(self.plan, self.contacts[contact_id])

    def _deliver(self, queue: deque[Event], position: int | None) -> Iterator[Change]:
        """Tell events to their contacts, and at once whatever those pass on."""
        while queue:
            event = queue.popleft()
            if position is not None:
                event, position = {**event, "position": position}, position + 1
            contact_id = event["contact_id"]
            if contact_id is None or (self._only is not None and contact_id not in self._only):
                continue
            contact = self._contact(contact_id)
            if self._seeks is not None:
                self.told.setdefault(contact_id, []).append(event)
            for change in lifecycle.fold(self.plan, contact, event):
                yield from self._handle(change, contact, queue)
            self._timers.set(self.contacts[contact_id])

    def _handle(self, change: Change, contact: Contact, queue: deque[Event]) -> Iterator[Change]:
        record = change["record"]
        if record in OUTPUTS:
            yield change
        elif record == "event_refused":
            self.refused += 1
        elif record == "refold_needed":
            yield from self._refold(contact, change["without"])
        else:
            source = change["other"] if record == "history_transferred" else change["from"]
            self._fed_by.setdefault(change["contact_id"], set()).add(source)
            if not self._recorded:
                queue.append(change if record == "history_transferred" else change["event"])

    def _contact(self, contact_id: str) -> Contact:
        found = self.contacts.get(contact_id)
        if found is None:
            found = self.contacts[contact_id] = lifecycle.load(self.plan, b"")
        return found

    def _tick(self, contact: Contact, clock: int) -> Iterator[Change]:
        yield from (one for one in lifecycle.tick(self.plan, contact, clock) if one["record"] in OUTPUTS)
        self._timers.set(contact)

    def _refold(self, contact: Contact, without: str | None) -> Iterator[Change]:
        """Fold a contact again from all it was told, but for what came from `without`."""
        if contact.id == self._seeks:
            return
        told = self._told_to(contact)
        left_out = {(event["source"], event["event_id"]) for event in told.get(without or "", ())}
        kept = [
            event
            for event in told[contact.id]
            if (event["source"], event["event_id"]) not in left_out
            and (event["type"] != "history_transferred" or event["other"] != without)
        ]
        state, changes = lifecycle.refold(self.plan, kept, keep_moves_of=lifecycle.dump(self.plan, contact))
        again = self.contacts[contact.id] = lifecycle.load(self.plan, state)
        for change in changes:
            yield from self._handle(change, again, deque())

    def _told_to(self, contact: Contact) -> dict[str, list[Event]]:
        """Everything told so far to a contact and to those that passed events on to it, by replaying them."""
        sources = self._with_sources(contact.id)
        inner = Replay(self.plan, self._history, recorded=self._recorded, only=sources)
        inner._seeks = contact.id
        last = contact.position if self._recorded else contact.position // STEPS
        for event in takewhile(lambda event: event["position"] <= last, self._history()):
            for _change in inner.feed(event):
                pass
        return inner.told

    def _with_sources(self, contact_id: str) -> AbstractSet[str]:
        found, fresh = {contact_id}, {contact_id}
        while fresh:
            fresh = {source for one in fresh for source in self._fed_by.get(one, ())} - found
            found |= fresh
        return found
