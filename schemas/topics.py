"""Every topic: its name, key, record types and how long it keeps them. Created before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PARTITIONS = 8  # default; contact-events and the changelog must have the same number


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic's contract.

    `key` says what the record key is (UTF-8). `cleanup` is the broker's `cleanup.policy`;
    `retention_ms` -1 keeps records for ever. `stamped`: whose clock a record's timestamp is, the publisher's
    (CreateTime) or the broker's (LogAppendTime).
    """

    name: str
    key: str
    holds: str
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = -1
    max_message_bytes: int = 1_048_588  # the brokers' own default
    stamped: Literal["CreateTime", "LogAppendTime"] = "CreateTime"
    segment_bytes: int = 1 << 30  # the brokers' own default
    partitions: int | None = None  # where it must be a certain number

    def config(self) -> dict[str, str]:
        """Return the settings by the names that brokers give them."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": self.stamped,
            "segment.bytes": str(self.segment_bytes),
            "compression.type": "producer",  # as written: not all readers unpack a broker's choice
        }


MONTH_MS = 30 * 86_400_000

# Intake adds a few hundred bytes to an event, a dead letter its reason: each step must hold what the one
# before held, or one large event would stop a partition for ever.
ADMITTED_BYTES = 2 << 20
REFUSED_BYTES = 4 << 20

ENGAGEMENT = Topic(
    name="engagement",
    key="anything",
    holds="events as published",
    retention_ms=MONTH_MS,
    stamped="LogAppendTime",
)
HANDOFF_RESPONSE = Topic(
    name="handoff-response",
    key="contact id",
    holds="handoff_accepted, handoff_rejected",
    retention_ms=MONTH_MS,
    stamped="LogAppendTime",
)
CONTACT_EVENTS = Topic(
    name="contact-events",
    key="canonical contact id",
    holds="validated events: the truth",
    max_message_bytes=ADMITTED_BYTES,
)
DEAD_LETTER = Topic(
    name="dead-letter",
    key="as received",
    holds="original bytes and reason headers",
    max_message_bytes=REFUSED_BYTES,
)
STAGE_CHANGED = Topic(name="stage-changed", key="contact id", holds="stage_changed")
SEGMENT_CHANGED = Topic(name="segment-changed", key="contact id", holds="segment_changed")
MQL_HANDOFF = Topic(name="mql-handoff", key="contact id", holds="mql_handoff")
LIFECYCLE_CHANGELOG = Topic(
    name="stageline-lifecycle-contacts-changelog",
    key="contact id",
    holds="contact state",
    cleanup="compact",
    max_message_bytes=ADMITTED_BYTES,
    segment_bytes=64 << 20,  # the newest segment is never compacted: recovery reads it whole
)
GENERATIONS = Topic(
    name="lifecycle-generations",
    key="number of the generation",
    holds="the definitions that are, were or may become live",
    cleanup="compact",
    max_message_bytes=ADMITTED_BYTES,
    partitions=1,  # one order of all that is decided
)
GENERATION_PREFIX = (
    "stageline-generation-"  # of what exists only while a definition is built: topic and group
)


def generation_changelog(generation: int) -> Topic:
    """Return the topic in which a definition's states are built before it is live; deleted afterwards."""
    return Topic(
        name=f"{GENERATION_PREFIX}{generation}-changelog",
        key="contact id",
        holds="contact state under a definition that is not live yet",
        cleanup="compact",
        max_message_bytes=ADMITTED_BYTES,
        segment_bytes=LIFECYCLE_CHANGELOG.segment_bytes,
    )


ALL = (
    ENGAGEMENT,
    HANDOFF_RESPONSE,
    CONTACT_EVENTS,
    DEAD_LETTER,
    STAGE_CHANGED,
    SEGMENT_CHANGED,
    MQL_HANDOFF,
    LIFECYCLE_CHANGELOG,
    GENERATIONS,
)
