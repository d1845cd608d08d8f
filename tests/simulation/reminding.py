"""A processor small enough to check by hand, with everything the engine offers: duplicates, timers, parts.

It counts each contact's distinct events, tells every third, and reminds of a contact that is quiet.
What it should have written is computed here a second time, from the log alone, without the engine.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from processors.engine.batch import Output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.engine.batch import Batch, Clock, Record

SOURCE, CHANGELOG, OUT = "in", "changelog", "out"
EVERY = 3
QUIET_MS = 4_000
AT_ONCE = 2  # contacts reminded in one batch


class Reminders:
    """The clock of the processor: see `processors.engine.batch.Clock`."""

    def next_due(self, state: bytes) -> int | None:
        due: int | None = json.loads(state)["due"]
        return due

    def record(self, at: int) -> bytes:
        return b"%d" % at


class Reminding:
    """State: ids seen, last offset applied, when to remind, how many outputs there were."""

    def __init__(self) -> None:
        self.name = "reminding"
        self.sources: tuple[str, ...] = (SOURCE,)
        self.changelog: str | None = CHANGELOG
        self.outputs: tuple[str, ...] = (OUT,)
        self.clock: Clock | None = Reminders()
        self.unlocked = False

    def process(self, batch: Batch) -> None:
        for record in batch.records:
            batch.offset = record.offset
            told = len(batch.outputs)
            if record.key:
                self._count(batch, record)
            elif not self._remind(batch, record):
                # The rest of them in the next batch.
                batch.next_offset, batch.begun = record.offset, len(batch.outputs) - told
                return

    def _count(self, batch: Batch, record: Record) -> None:
        key, event = record.key or b"", json.loads(record.value or b"")
        contact = _contact(batch.state(key))
        if record.offset <= contact.last or event["id"] in contact.ids:
            return
        contact.ids.append(event["id"])
        contact.last = record.offset
        contact.due = event["at"] + QUIET_MS
        if len(contact.ids) % EVERY == 0:
            _write(batch, key, contact, b"count %d" % len(contact.ids))
        _keep(batch, key, contact)

    def _remind(self, batch: Batch, record: Record) -> bool:
        """Remind of who is due; return whether that were all."""
        at = int(record.value or b"")
        for key in batch.timers.pop_due(at, AT_ONCE):
            contact = _contact(batch.state(key))
            _write(batch, key, contact, b"quiet %d" % (contact.due or 0))
            contact.due = None
            _keep(batch, key, contact)
        if batch.timers.is_due(at):
            return False
        batch.timers.clock_arrived(at)
        return True


@dataclass(slots=True, kw_only=True)
class Contact:
    """`last`: offset of the last event applied. `due` in ms. `told`: how many outputs there were."""

    ids: list[str]
    last: int
    due: int | None
    told: int


def _contact(state: bytes) -> Contact:
    return Contact(**json.loads(state or b'{"ids": [], "last": -1, "due": null, "told": 0}'))


def _write(batch: Batch, key: bytes, contact: Contact, what: bytes) -> None:
    contact.told += 1
    batch.outputs.append(Output(OUT, key, b"%s %d" % (what, contact.told)))


def _keep(batch: Batch, key: bytes, contact: Contact) -> None:
    batch.states[key] = json.dumps(asdict(contact)).encode()
    batch.timers.set(key, contact.due)


class Expected(NamedTuple):
    """Per contact: the ids counted and the outputs in order."""

    ids: dict[bytes, list[str]]
    outputs: dict[bytes, list[bytes]]


def expected(log: Iterable[Record]) -> Expected:
    """Fold one partition's log as it stands, one record at a time."""
    told = Expected({}, {})
    due: dict[bytes, int] = {}
    for record in log:
        if record.key:
            event = json.loads(record.value or b"")
            ids = told.ids.setdefault(record.key, [])
            if event["id"] not in ids:
                ids.append(event["id"])
                due[record.key] = event["at"] + QUIET_MS
                if len(ids) % EVERY == 0:
                    _tell(told, record.key, b"count %d" % len(ids))
        else:
            for at, key in sorted((at, key) for key, at in due.items() if at <= int(record.value or b"")):
                _tell(told, key, b"quiet %d" % at)
                del due[key]
    return told


def _tell(told: Expected, key: bytes, what: bytes) -> None:
    outputs = told.outputs.setdefault(key, [])
    outputs.append(b"%s %d" % (what, len(outputs) + 1))
