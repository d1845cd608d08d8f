"""The processor that decides: contact-events in, contacts' states and everything that changed out."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from processors.engine.dead_letter import dead_letter
from processors.engine.outputs import TOPICS, to_output
from processors.lifecycle import dump, fold, load, next_due, refold, tick
from schemas.codec import decode_trusted, encode
from schemas.errors import SchemaError
from schemas.topics import CONTACT_EVENTS, DEAD_LETTER, LIFECYCLE_CHANGELOG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.engine.batch import Batch, Clock, Record
    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan

    Contacts = dict[bytes, Contact]
    Event = dict[str, Any]
    Change = dict[str, Any]

# Contacts whose clock is advanced in one transaction: about as much work as a full batch of events. The
# others come with the next one, as the clock record is only consumed with the last of them. Should the
# worker die in between, the contacts done are no longer due: going on after recovery is the same as
# never having stopped.
ADVANCED_AT_ONCE = 2_000


class LifecycleClock:
    """The time, as an event of contact-events that concerns no contact in particular."""

    def next_due(self, state: bytes) -> int | None:
        """Return when a contact needs the clock next (ms, UTC)."""
        return next_due(state)

    def record(self, at: int) -> bytes:
        """Return `clock_advanced` as bytes."""
        header = dict.fromkeys(
            (
                "contact_id",
                "anonymous_id",
                "email",
                "received_at",
                "source",
                "campaign",
                "medium",
                "company_id",
            )
        )
        event = {"type": "clock_advanced", "event_id": f"clock-{at}", "occurred_at": at, "at": at}
        return encode(header | event)


class Lifecycle:
    """Applies one plan. A contact is loaded once per batch, however many of its events the batch holds."""

    def __init__(self, plan: Plan) -> None:
        self.name = "stageline-lifecycle"
        self.sources: tuple[str, ...] = (CONTACT_EVENTS.name,)
        self.changelog: str | None = LIFECYCLE_CHANGELOG.name
        self.outputs: tuple[str, ...] = (*TOPICS, DEAD_LETTER.name)
        self.clock: Clock | None = LifecycleClock()
        self._plan = plan

    def process(self, batch: Batch) -> None:
        """Apply the records in order. Those of no contact (money spent on a channel, say) change nothing."""
        contacts: Contacts = {}
        for record in batch.records:
            batch.offset = record.offset
            try:
                event = _decoded(record)
            except SchemaError as error:
                batch.outputs.append(dead_letter(record, str(error), "lifecycle"))
                continue
            if event["type"] == "clock_advanced":
                self._settle(batch, contacts)
                if not self._advance(batch, record, event["at"]):
                    batch.next_offset = record.offset
                    return
            elif event["contact_id"] is not None and not self._apply(batch, contacts, record, event):
                batch.next_offset = record.offset
                break
        self._settle(batch, contacts)

    def _apply(self, batch: Batch, contacts: Contacts, record: Record, event: Event) -> bool:
        """Apply one event to its contact; tell whether that could be done without more history."""
        key = record.key or b""
        contact = contacts.get(key)
        if contact is None:
            contact = contacts[key] = load(self._plan, batch.state(key))
        event["position"] = record.offset
        batch.oldest = batch.oldest or event
        changes = fold(self._plan, contact, event)
        asked = [change for change in changes if change["record"] == "refold_needed"]
        if asked and (batch.history is None or record is not batch.records[0]):
            contacts[key] = self._before(batch, record)
            batch.wanted = (key, *(change["without"].encode() for change in asked if change["without"]))
            return False
        for change in changes:
            if change["record"] == "refold_needed":
                contacts[key], again = self._refold(batch, contacts[key], change["without"])
                _emit(batch, record, again)
            else:
                _emit(batch, record, (change,))
        if asked:
            self._settle(batch, {key: contacts.pop(key)})  # `_before` must not go back behind it
        return True

    def _before(self, batch: Batch, last: Record) -> Contact:
        """Return a contact as it was before a record of this batch."""
        contact = load(self._plan, batch.state(last.key or b""))
        earlier = (one for one in batch.records if one.key == last.key and one.offset < last.offset)
        for event in _events(earlier):
            fold(self._plan, contact, event)
        return contact

    def _refold(
        self, batch: Batch, contact: Contact, without: str | None
    ) -> tuple[Contact, tuple[Change, ...]]:
        """Fold a contact again from its history, but for what came from the contact `without`."""
        history = batch.history or {}
        theirs = {_identity(event) for event in _events(history.get((without or "").encode(), ()))}
        ours = [
            event
            for event in _events(history[contact.id.encode()])
            if _identity(event) not in theirs
            and (event["type"] != "history_transferred" or event["other"] != without)
        ]
        state, changes = refold(self._plan, ours, keep_moves_of=dump(self._plan, contact))
        return load(self._plan, state), changes

    def _advance(self, batch: Batch, record: Record, at: int) -> bool:
        """Advance the contacts that are due, the earliest first; tell whether those were all."""
        due = batch.timers.pop_due(at, ADVANCED_AT_ONCE)
        for key in due:
            contact = load(self._plan, batch.state(key))
            _emit(batch, record, tick(self._plan, contact, at))
            self._settle(batch, {key: contact})
        done = len(due) < ADVANCED_AT_ONCE
        if done:
            batch.timers.clock_arrived(at)
        return done

    def _settle(self, batch: Batch, contacts: Contacts) -> None:
        """Note the states and due times of contacts that were worked on."""
        for key, contact in contacts.items():
            state = dump(self._plan, contact)
            batch.states[key] = state
            batch.timers.set(key, next_due(state))
        contacts.clear()


def _emit(batch: Batch, record: Record, changes: Iterable[Change]) -> None:
    for change in changes:
        if change["record"] == "event_refused":
            batch.outputs.append(dead_letter(record, change["reason"], "lifecycle"))
        else:
            batch.outputs.append(to_output(change))


def _events(records: Iterable[Record]) -> Iterator[Event]:
    """Read records of contact-events; what was set aside when it came is left out again."""
    for record in records:
        with suppress(SchemaError):
            yield _read(record)


def _read(record: Record) -> Event:
    return _decoded(record) | {"position": record.offset}


def _decoded(record: Record) -> Event:
    event = decode_trusted(record.value or b"")
    if "type" not in event:
        raise SchemaError(f"{event['record']} is an output of Stageline's, not an event.")
    return event


def _identity(event: Event) -> tuple[str | None, str]:
    return event["source"], event["event_id"]
