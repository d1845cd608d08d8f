"""A dead letter: a record that could not be processed, with its original bytes and the reason. Pure.

The engine puts six headers of its own behind the original ones (`processors.engine.dead_letter`). A replayed
letter is told by a later record of the same partition, its mark: a log is only ever appended to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from schemas.errors import SchemaError
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADERS = (
    "stageline-reason",
    "stageline-topic",
    "stageline-partition",
    "stageline-offset",
    "stageline-stage",
    "stageline-at",
)
MARK = "stageline-replayed"
_ID = re.compile(r"([0-9]{1,10}):([0-9]{1,19})")  # 32 and 64 bits, as Kafka numbers them

_REMEDIES = (  # the first whose text stands in the reason
    (
        "no schema registry is configured",
        "Give the workers the address of your schema registry, then replay the letter.",
    ),
    (
        "has the fingerprint",
        "Upgrade the workers and replay, or write with a schema that `stageline schema show` prints.",
    ),
    (
        "allowed for one event",
        "It can never pass. Have the publisher keep what is large elsewhere and send a link.",
    ),
    ("is written by Stageline itself", "Have the publisher use one of the event types, or custom_event."),
    (
        "says nothing of a company's contact",
        "Only the workers write to company-members: find out who else does, then purge the letter.",
    ),
)
_REMEDY = (
    "Have the publisher mend that and send the event again. Replaying the letter helps once Stageline itself "
    "has changed (an upgrade, a schema, a setting)."
)

_DECIDED = (
    "Have it sent corrected, under a new event_id. Its contact remembers the old one: replayed, the record "
    "is taken for a redelivery and changes nothing."
)


class Consumed(Protocol):
    """What is read of a record of the topic; kafka-python's ConsumerRecord is one. `timestamp` is in ms."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class LetterId(NamedTuple):
    """A letter's place in the dead-letter topic, written `partition:offset`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`refused_at`: when it became a dead letter; `at`: the original record's own timestamp (ms, UTC).

    `topic`, `partition`, `offset`, `key`, `value`, `headers` are the original record's.
    """

    id: LetterId
    refused_at: int
    reason: str
    step: str
    topic: str
    partition: int
    offset: int
    at: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def size(self) -> int:
        """Bytes of the original key and value."""
        return len(self.key or b"") + len(self.value or b"")

    @property
    def remedy(self) -> str:
        """What to do about it."""
        other = _DECIDED if self.topic == CONTACT_EVENTS.name else _REMEDY
        return next((remedy for text, remedy in _REMEDIES if text in self.reason), other)


class Mark(NamedTuple):
    """That a letter was replayed, and when (ms, UTC)."""

    letter: LetterId
    at: int


def parse_id(text: str) -> LetterId:
    """Read `partition:offset`. Raises SchemaError."""
    found = _ID.fullmatch(text)
    if found is None:
        raise SchemaError(f"{text!r} is not a letter's id: those are written partition:offset, such as 3:17.")
    return LetterId(int(found[1]), int(found[2]))


def parse(record: Consumed) -> Letter | Mark | None:
    """Read a record of the dead-letter topic; None for one that Stageline did not write."""
    names = tuple(name for name, _ in record.headers)
    values = tuple(value or b"" for _, value in record.headers)
    try:
        if names == (MARK,):
            return Mark(parse_id(values[0].decode()), record.timestamp)
        if names[-len(HEADERS) :] == HEADERS:
            return _letter(record, *values[-len(HEADERS) :])
    except ValueError:  # someone else's header under one of our names
        return None
    return None


def mark(letter: LetterId) -> list[tuple[str, bytes | None]]:
    """Return the headers of the record that marks a letter as replayed; it has neither key nor value."""
    return [(MARK, str(letter).encode())]


def _letter(record: Consumed, *own: bytes) -> Letter:
    reason, topic, partition, offset, step, at = own
    return Letter(
        id=LetterId(record.partition, record.offset),
        refused_at=record.timestamp,
        reason=reason.decode(),
        step=step.decode(),
        topic=topic.decode(),
        partition=int(partition),
        offset=int(offset),
        at=int(at),
        key=record.key,
        value=record.value,
        headers=tuple(record.headers[: -len(HEADERS)]),
    )
