"""One batch of contact-events under one definition: each contact is loaded once, however many events it has.

Two processors use it: `Lifecycle` decides and tells, `Living` applies another definition to the same log and
tells nobody. What only the history can answer is asked for with `Wanted`: the batch ends before that record,
and the next one begins with it and has the history.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from processors.backend import compiled
from processors.engine.compiled import MARKS, Runs
from processors.engine.shredding import keys_shredded
from processors.lifecycle import Log, dump, fold, load, next_due, refold, tick
from processors.lifecycle.lived import is_foreign, transferred_state, translated
from schemas.codec import decode_trusted
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import stageline_native

    from processors.engine.batch import Batch, History, Record
    from processors.engine.compiled import Step, Told
    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]
    Tell = Callable[[Record, Iterable[Told]], None]
    """Takes what a record led to."""
    Pass = Callable[[Record, Event], bool]
    """Passes a record that changes the definition; False if it has to come again."""

# Contacts whose clock is advanced in one transaction: about as much work as a full batch of events. The
# others come with the next one, as the clock record is only consumed with the last of them. Should the
# worker die in between, the contacts done are no longer due: going on after recovery is the same as
# never having stopped.
ADVANCED_AT_ONCE = 2_000


class Wanted(Exception):  # noqa: N818 - a question, not an error
    """All that the log holds of some contacts is wanted; of none: what another partition comes to."""

    def __init__(self, *keys: bytes) -> None:
        super().__init__(*keys)
        self.keys = keys


class Folding:
    """See the module."""

    form: stageline_native.Form = "outputs"
    marks = MARKS

    def __init__(self, plan: Plan, batch: Batch, tell: Tell) -> None:
        self.batch, self.tell = batch, tell
        self._plan = plan
        self._contacts: dict[bytes, Contact] = {}
        self.worked_out: dict[str, bytes] = {}  # transfer → state
        ready = compiled(plan, self.form)
        self._runs = None if ready is None else Runs(ready, batch, self.marks)

    def run(self, pass_: Pass) -> None:
        """Apply the records in order. Those of no contact (money spent on a channel, say) change nothing."""
        batch, number = self.batch, 0
        while number < len(batch.records):
            number += self._run_ahead(number)
            if batch.wanted or batch.waits or number == len(batch.records):
                break
            record = batch.records[number]
            number, batch.offset = number + 1, record.offset
            try:
                event = _decoded(record.value)
            except SchemaError as error:
                self.tell(record, (_unreadable(error),))
                continue
            told = len(batch.outputs)
            if not self._take(record, event, pass_):
                batch.next_offset, batch.begun = record.offset, len(batch.outputs) - told
                break
            if batch.passed is record:
                batch.next_offset = record.offset + 1
                break
            if self._runs is not None:
                self.settle()  # what comes next is done to the states
        self.settle()

    def _run_ahead(self, start: int) -> int:
        """Let the compiled back-end fold up to the next mark; tell how many records that was."""
        if self._runs is None:
            return 0
        batch, records = self.batch, self._runs.stretch(start)
        while records:
            try:
                self._runs.fold(records, self._by_reference, self.tell)
                break
            except Wanted as question:
                self._want(question)
                batch.next_offset = batch.offset
                records = [record for record in records if record.offset < batch.offset]
        batch.oldest = batch.oldest or next(filter(is_of_a_contact, events_in(records)), None)
        return len(records)

    def _by_reference(self, step: Step, state: bytes) -> tuple[bytes, Sequence[Change]]:
        """Do one step to a contact's state. Raises Wanted."""
        at, value = step
        contact = load(self._plan, state)
        if value is None:
            told: Sequence[Change] = tick(self._plan, contact, at)
        else:
            self.batch.offset = at
            try:
                event = _decoded(value)
            except SchemaError as error:
                return state, (_unreadable(error),)
            if not is_of_a_contact(event):
                return state, ()
            contact, told, _asked = self._fold(contact, event | {"position": at})
        return dump(self._plan, contact), told

    def _take(self, record: Record, event: Event, pass_: Pass) -> bool:
        """Take one record; tell whether it is done with."""
        if event["type"] == "clock_advanced":
            self.settle()
            return self._advance(record, event["at"])
        if event["type"] == "lifecycle_changed":
            self.settle()
            return pass_(record, event)
        return not is_of_a_contact(event) or self._apply(record, event)

    def _apply(self, record: Record, event: Event) -> bool:
        """Apply one event to its contact; tell whether that could be done without more history."""
        key, batch = record.key or b"", self.batch
        contact = self._contacts.get(key)
        if contact is None:
            contact = self._contacts[key] = load(self._plan, batch.state(key))
        event["position"] = record.offset
        batch.oldest = batch.oldest or event
        try:
            contact, told, asked = self._fold(contact, event)
        except Wanted as question:
            self._contacts[key] = self._before(record)
            self._want(question)
            return False
        self._contacts[key] = contact
        self.tell(record, told)
        if asked:
            self.settle(key)  # `_before` must not go back behind it
        return True

    def _fold(self, contact: Contact, event: Event) -> tuple[Contact, list[Change], bool]:
        """Fold an event. Returns the contact, what it led to, and whether history was needed for it."""
        understood, merged = self.understand(event), tuple(contact.merged)
        changes = fold(self._plan, contact, understood)
        told: list[Change] = []
        asked = understood is not event and event["type"] == "history_transferred"
        for change in changes:
            if change["record"] == "refold_needed":
                asked = True
                contact, again = self._refold(contact)
                told += again
            else:
                told.append(change)
        if contact.erased:
            told += keys_shredded(self._plan, understood, merged)
        return contact, told, asked

    def _before(self, last: Record) -> Contact:
        """Return a contact as it was before a record of this batch."""
        contact = load(self._plan, self.batch.state(last.key or b""))
        earlier = [one for one in self.batch.records if one.key == last.key and one.offset < last.offset]
        for event in events_in(earlier):
            if event["position"] > contact.position:
                fold(self._plan, contact, self.understand(event))
        return contact

    def understand(self, event: Event) -> Event:
        """Put an event in the terms of this definition. Raises Wanted for a history kept otherwise."""
        if is_foreign(self._plan, event):
            return dict(translated(event, self.transferred))
        return event

    def transferred(self, event: Mapping[str, Any]) -> bytes:
        """Work out the state that came with a transfer."""
        return transferred_state(self._plan, self._told, event, self.worked_out)

    def _refold(self, contact: Contact) -> tuple[Contact, tuple[Change, ...]]:
        """Fold a contact again from its history. Raises Wanted."""

        def told(contact_id: str) -> Iterator[Event]:
            return filter(is_of_a_contact, self._told(contact_id))

        log = Log(told, self.understand)
        state, changes = refold(self._plan, log, keep_moves_of=dump(self._plan, contact))
        return load(self._plan, state), changes

    def _told(self, contact_id: str) -> Iterator[Event]:
        """All that the log holds of a contact, with the clocks of its partition. Raises Wanted."""
        key, known = contact_id.encode(), self._history()
        if key not in known:
            raise Wanted(key)
        return events_in(known[key])

    def _want(self, question: Wanted) -> None:
        """Ask for history beside what came with the batch, or to come again later."""
        if question.keys:
            self.batch.wanted = (*self._history(), *question.keys)
        else:
            self.batch.waits = True

    def _history(self) -> History:
        """Return the history that came with the batch: for its first record only."""
        batch = self.batch
        return (batch.history or {}) if batch.offset == batch.records[0].offset else {}

    def _advance(self, record: Record, at: int) -> bool:
        """Advance the contacts that are due, the earliest first; tell whether those were all."""
        batch = self.batch
        due = batch.timers.pop_due(at, ADVANCED_AT_ONCE)
        if self._runs is not None:
            by_step = self._runs.do({key: [(at, None)] for key in due}, self._by_reference)
            self.tell(record, by_step.get(at, ()))
        else:
            for key in due:
                state, told = self._by_reference((at, None), batch.state(key))
                self.tell(record, told)
                self.note(key, state)
        done = len(due) < ADVANCED_AT_ONCE
        if done:
            batch.timers.clock_arrived(at)
        return done

    def settle(self, *keys: bytes) -> None:
        """Note the states of contacts that were worked on: all of them, or some."""
        for key in keys or tuple(self._contacts):
            self.note(key, dump(self._plan, self._contacts.pop(key)))

    def note(self, key: bytes, state: bytes) -> None:
        """Note a contact's state and when it is due."""
        self.batch.states[key] = state
        self.batch.timers.set(key, next_due(state))


def _unreadable(error: SchemaError) -> Change:
    return {"record": "event_refused", "reason": str(error)}


def events_in(records: Iterable[Record]) -> Iterator[Event]:
    """Read records of contact-events; what was set aside when it came is left out again."""
    for record in records:
        with suppress(SchemaError):
            yield _decoded(record.value) | {"position": record.offset}


def is_of_a_contact(event: Event) -> bool:
    """Tell whether it is told to a contact; money spent on a channel, say, is not."""
    return event["contact_id"] is not None


def _decoded(value: bytes | None) -> Event:
    event = decode_trusted(value or b"")
    if "type" not in event:
        raise SchemaError(f"{event['record']} is an output of Stageline's, not an event.")
    return event
