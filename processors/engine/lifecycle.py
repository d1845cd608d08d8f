"""The processor that decides: contact-events in, contacts' states and everything that changed out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from processors.engine.dead_letter import dead_letter
from processors.engine.outputs import TOPICS, to_output
from processors.lifecycle import dump, fold, load, next_due, tick
from schemas.codec import decode_trusted, encode
from schemas.errors import SchemaError
from schemas.topics import CONTACT_EVENTS, DEAD_LETTER, LIFECYCLE_CHANGELOG

if TYPE_CHECKING:
    from processors.engine.batch import Batch, Clock, Record
    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan

    Contacts = dict[bytes, Contact]

log = logging.getLogger(__name__)

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
        """Apply the records in order."""
        contacts: Contacts = {}
        for record in batch.records:
            batch.offset = record.offset
            try:
                event = decode_trusted(record.value or b"")
            except SchemaError as error:
                batch.outputs.append(dead_letter(record, str(error), "lifecycle"))
                continue
            if event["type"] == "clock_advanced":
                self._settle(batch, contacts)
                if not self._advance(batch, record, event["at"]):
                    batch.next_offset = record.offset
                    return
            elif event["contact_id"] is not None:  # money spent on a channel, say, concerns no contact
                self._apply(batch, contacts, record, event)
        self._settle(batch, contacts)

    def _apply(self, batch: Batch, contacts: Contacts, record: Record, event: dict[str, Any]) -> None:
        key = record.key or b""
        contact = contacts.get(key)
        if contact is None:
            contact = contacts[key] = load(self._plan, batch.state(key))
        event["position"] = record.offset
        batch.oldest = batch.oldest or event
        _emit(batch, record, fold(self._plan, contact, event))

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


def _emit(batch: Batch, record: Record, changes: tuple[dict[str, Any], ...]) -> None:
    for change in changes:
        if change["record"] == "event_refused":
            batch.outputs.append(dead_letter(record, change["reason"], "lifecycle"))
        elif (output := to_output(change)) is not None:
            batch.outputs.append(output)
        else:
            log.warning(
                "history to be folded again topic=%s partition=%d offset=%d reason=%s",
                record.topic,
                record.partition,
                record.offset,
                change["record"],
            )
