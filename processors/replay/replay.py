"""The log folded in one process: what the engine does with many, in log order and in memory.

A contact's timers fire when its next event comes, or at the end: each contact has its own clock, so that what
becomes of one does not depend on the others. Where a recorded log changes its definition, so does the replay.
"""

from __future__ import annotations

from collections import defaultdict, deque
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from processors import lifecycle
from processors.intake import place_normal
from processors.lifecycle.lived import as_lived, is_foreign, transferred_state, translated
from processors.replay.crossing import Crossings
from processors.replay.timers import Timers
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan
    from processors.replay.crossing import Home

    Event = dict[str, Any]
    Change = dict[str, Any]
    History = Callable[[], Iterable[Event]]

OUTPUTS = frozenset(("stage_changed", "segment_changed", "mql_handoff", "membership_changed"))
STEPS = 1_024  # positions per line of a log that is not recorded: one line may be told to several contacts


class Replay:
    """Folds a log under one plan.

    `history` gives the log again from its start, for contacts that have to be folded again. A `recorded` log
    is contact-events as it is: its events are placed already, and what contacts pass on to each other is in
    it; otherwise events are placed here and passed on at once. With `only` other contacts are left out. A log
    of several partitions is told by `home`, which names a contact's; its events say theirs under `partition`.
    `anew`: this definition is applied to all of the log, whichever it was recorded under.
    """

    def __init__(
        self,
        plan: Plan,
        history: History,
        *,
        recorded: bool = False,
        only: AbstractSet[str] | None = None,
        home: Home | None = None,
        anew: bool = False,
    ) -> None:
        self.plan, self._history, self._recorded, self._only = plan, history, recorded, only
        self.contacts: dict[str, Contact] = {}
        self.refused = 0
        self.told: dict[str, list[Event]] = {}  # by contact, when one is sought
        self._seeks: str | None = None  # the contact whose history is wanted: it is not folded again
        self._sought: frozenset[tuple[str, int]] = frozenset()  # this history, and those it is sought for
        self._fed_by: dict[str, set[str]] = {}  # contact → contacts that passed events on to it
        self._timers: defaultdict[int, Timers] = defaultdict(Timers)  # by partition
        self._home = home
        self._crossings = None if anew else Crossings(plan, history, home, self._for_all_history)
        self._passed_on: dict[str, bytes] = {}  # transfer → state, when all is applied anew

    def feed(self, event: Event) -> Iterator[Change]:
        """Apply one event of the log; `event["position"]` is its place there. Yields outputs."""
        if event["type"] == "clock_advanced":
            yield from self._advance(0 if self._home is None else event["partition"], event["at"])
        elif event["type"] == "lifecycle_changed":
            yield from self._cross(event)
        elif self._recorded:
            yield from self._deliver(deque([event]), None)
        else:
            yield from self._deliver(deque(place_normal(event)), event["position"] * STEPS)

    def _advance(self, partition: int, clock: int) -> Iterator[Change]:
        """Let time pass for the contacts of a partition."""
        home = self._home
        is_there = None if home is None else lambda contact_id: home(contact_id) == partition
        for contact_id in self._timers[partition].due(self.contacts, clock, is_there):
            yield from self._tick(self.contacts[contact_id], clock)

    def finish(self, as_of: int) -> Iterator[Change]:
        """Advance every contact to `as_of`, in order of their ids."""
        for contact_id in sorted(self.contacts):
            yield from self._tick(self.contacts[contact_id], as_of)

    def states(self) -> Iterator[tuple[str, bytes]]:
        """Every contact's state, in order of their ids."""
        for contact_id in sorted(self.contacts):
            yield contact_id, lifecycle.dump(self.plan_of(contact_id), self.contacts[contact_id])

    def find(self, contact_id: str) -> Contact | None:
        """Find a contact as it is now; None for one never seen."""
        return self.contacts.get(contact_id)

    def standing(self) -> int:
        """Count the contacts that are neither part of another one nor erased."""
        return sum(one.forward_to is None and not one.erased for one in self.contacts.values())

    def _for_all_history(self, plan: Plan) -> Replay:
        return Replay(plan, self._history, recorded=True, home=self._home, anew=True)

    def plan_of(self, contact_id: str) -> Plan:
        """Find the definition that decides about a contact now."""
        return self.plan if self._crossings is None else self._crossings.plan_of(contact_id)

    def _cross(self, event: Event) -> Iterator[Change]:
        """Take the contacts of a partition to another definition."""
        if self._crossings is None or (crossing := self._crossings.cross(event)) is None:
            return
        old, new, barrier = crossing.old, crossing.new, crossing.barrier
        for contact_id in crossing.concerned(self.contacts):
            said = lifecycle.dump(old, self.contacts[contact_id])
            state, changes = lifecycle.switch(old, said, new, crossing.lived(contact_id, said), barrier)
            contact = self.contacts[contact_id] = lifecycle.load(new, state)
            self._note_due(contact)
            for change in changes:
                yield from self._handle(change, contact, deque())

    def _deliver(self, queue: deque[Event], position: int | None) -> Iterator[Change]:
        """Tell events to their contacts, and at once whatever those pass on."""
        while queue:
            event = queue.popleft()
            if position is not None:
                event, position = {**event, "position": position}, position + 1
            contact_id = event["contact_id"]
            if contact_id is None or (self._only is not None and contact_id not in self._only):
                continue
            yield from self._tell(event, queue)

    def _tell(self, event: Event, queue: deque[Event]) -> Iterator[Change]:
        """Tell an event to its contact; what that passes on goes to the queue."""
        contact_id = event["contact_id"]
        contact = self._contact(contact_id)
        if self._seeks is not None:
            self.told.setdefault(contact_id, []).append(event)
        event = self._understood(event)
        for change in lifecycle.fold(self.plan_of(contact_id), contact, event):
            yield from self._handle(change, contact, queue)
        self._note_due(self.contacts[contact_id])

    def _understood(self, event: Event) -> Event:
        """Say an event in the terms of the definition that decides."""
        if self._crossings is None:
            return dict(as_lived(self.plan, event, self._transferred))
        if event["type"] == "history_transferred" and is_foreign(self.plan_of(event["contact_id"]), event):
            return dict(translated(event, partial(self._worked_out, self.plan_of(event["contact_id"]))))
        return event

    def _transferred(self, event: Mapping[str, Any]) -> bytes:
        known = self._passed_on.get(event["event_id"])
        return self._worked_out(self.plan, event) if known is None else known

    def _worked_out(self, plan: Plan, event: Mapping[str, Any]) -> bytes:
        return transferred_state(plan, self._log_of, event, {})

    def _log_of(self, contact_id: str) -> Iterator[Event]:
        for event in self._history():
            ticks = event["type"] == "clock_advanced"
            if event["contact_id"] == contact_id or (ticks and self._ticks(event, contact_id)):
                yield event

    def _ticks(self, event: Event, contact_id: str) -> bool:
        return self._home is None or self._home(contact_id) == event["partition"]

    def _handle(self, change: Change, contact: Contact, queue: deque[Event]) -> Iterator[Change]:
        record = change["record"]
        if record in OUTPUTS:
            yield change
        elif record == "event_refused":
            self.refused += 1
        elif record == "refold_needed":
            yield from self._refold(contact)
        else:
            source = change["other"] if record == "history_transferred" else change["from"]
            self._fed_by.setdefault(change["contact_id"], set()).add(source)
            if self._crossings is None and record == "history_transferred":
                self._passed_on[change["event_id"]] = change["state"]
            if not self._recorded:
                queue.append(change if record == "history_transferred" else change["event"])

    def _contact(self, contact_id: str) -> Contact:
        found = self.contacts.get(contact_id)
        if found is None:
            found = self.contacts[contact_id] = lifecycle.load(self.plan_of(contact_id), b"")
        return found

    def _tick(self, contact: Contact, clock: int) -> Iterator[Change]:
        changes = lifecycle.tick(self.plan_of(contact.id), contact, clock)
        yield from (one for one in changes if one["record"] in OUTPUTS)
        self._note_due(contact)

    def _note_due(self, contact: Contact) -> None:
        self._timers[0 if self._home is None else self._home(contact.id)].set(contact)

    def _refold(self, contact: Contact) -> Iterator[Change]:
        """Fold a contact again from all it was told."""
        if contact.id == self._seeks or (contact.id, contact.position) in self._sought:
            return  # one line may ask for two contacts' histories, each of which is part of the other's
        known, plan = self._told_to(contact), self.plan_of(contact.id)
        log = lifecycle.Log(lambda contact_id: known.get(contact_id, ()), self._understood)
        state, changes = lifecycle.refold(plan, log, keep_moves_of=lifecycle.dump(plan, contact))
        again = self.contacts[contact.id] = lifecycle.load(plan, state)
        for change in changes:
            yield from self._handle(change, again, deque())

    def _told_to(self, contact: Contact) -> dict[str, list[Event]]:
        """Everything told so far to a contact and to those that passed events on to it, by replaying them."""
        sources = self._with_sources(contact.id)
        inner = Replay(
            self.plan, self._history, recorded=self._recorded, only=sources, home=self._home,
            anew=self._crossings is None,
        )  # fmt: skip
        inner._seeks, inner._sought = contact.id, self._sought | {(contact.id, contact.position)}
        last = contact.position if self._recorded else contact.position // STEPS
        for event in takewhile(lambda one: not self._is_after(one, contact.id, last), self._history()):
            with suppress(SchemaError):  # it was refused the first time, too
                for _change in inner.feed(event):
                    pass
        return inner.told

    def _is_after(self, event: Event, contact_id: str, last: int) -> bool:
        """Whether an event comes after the one at `last` in the contact's partition."""
        there = self._home is None or self._home(contact_id) == event["partition"]
        return there and bool(event["position"] > last)

    def _with_sources(self, contact_id: str) -> AbstractSet[str]:
        found, fresh = {contact_id}, {contact_id}
        while fresh:
            fresh = {source for one in fresh for source in self._fed_by.get(one, ())} - found
            found |= fresh
        return found
