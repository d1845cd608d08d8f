"""Every topic: its name, key, record types and how long it keeps them. Created before anything starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from schemas.times import DAY_MS

PARTITIONS = 8  # default; contact-events and the changelog must have the same number


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic's contract.

    `key` says what the record key is (UTF-8). `cleanup` is the broker's `cleanup.policy`;
    `retention_ms` -1 keeps records for ever. `stamped`: whose clock a record's timestamp is, the publisher's
    (CreateTime) or the broker's (LogAppendTime). `compacted_within_ms`: how long what was deleted or
    replaced may stay in the broker's files.
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
    compacted_within_ms: int | None = None  # None: as the broker likes, perhaps never

    def config(self) -> dict[str, str]:
        """Return the settings by the names that brokers give them."""
        lag = self.compacted_within_ms
        return ({} if lag is None else {"max.compaction.lag.ms": str(lag)}) | {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": self.stamped,
            "segment.bytes": str(self.segment_bytes),
            "compression.type": "producer",  # as written: not all readers unpack a broker's choice
        }


MONTH_MS = 30 * DAY_MS  # who asks to be erased must be within a month: raw bytes go no later

# Intake adds a few hundred bytes to an event, and to one full of personal values nearly half its size as it
# seals them; a dead letter adds its reason. Each step must hold what the one before held, or one large event
# would stop a partition for ever.
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
    retention_ms=MONTH_MS,
    max_message_bytes=REFUSED_BYTES,
)
CONTACT_KEYS = Topic(
    name="contact-keys",
    key="contact id and kind of value",
    holds="keys of the personal values in contact-events",
    cleanup="compact",
    compacted_within_ms=DAY_MS,
    partitions=1,  # 40 bytes a value: one takes what all intakes write, and costs each transaction the least
)
STAGE_CHANGED = Topic(name="stage-changed", key="contact id", holds="stage_changed")
SEGMENT_CHANGED = Topic(name="segment-changed", key="contact id", holds="segment_changed")
MQL_HANDOFF = Topic(name="mql-handoff", key="contact id", holds="mql_handoff")
COMPANY_MEMBERS = Topic(name="company-members", key="company id", holds="membership_changed")
COMPANY_CHANGED = Topic(name="company-changed", key="company id", holds="company_stage_changed")
LIFECYCLE_CHANGELOG = Topic(
    name="stageline-lifecycle-contacts-changelog",
    key="contact id",
    holds="contact state",
    cleanup="compact",
    max_message_bytes=ADMITTED_BYTES,
    segment_bytes=64 << 20,  # the newest segment is never compacted: recovery reads it whole
    compacted_within_ms=7 * DAY_MS,  # rewrites all of it, so not every day
)
COMPANY_CHANGELOG = Topic(
    name="stageline-company-companies-changelog",
    key="company id; of a contact: company id, NUL, contact id",
    holds="a company's counts; a contact of it",
    cleanup="compact",
    segment_bytes=LIFECYCLE_CHANGELOG.segment_bytes,
    compacted_within_ms=LIFECYCLE_CHANGELOG.compacted_within_ms,
)
GENERATIONS = Topic(
    name="lifecycle-generations",
    key="number of the generation",
    holds="the definitions that are, were or may become live",
    cleanup="compact",
    max_message_bytes=ADMITTED_BYTES,
    partitions=1,  # one order of all that is decided
)
GENERATION_PREFIX = "stageline-generation-"  # of what is there only while a definition is built: topic, group


def generation_changelog(generation: int) -> Topic:
    """Return the topic in which a definition's states are built before it is live; deleted afterwards."""
    return replace(
        LIFECYCLE_CHANGELOG,
        name=f"{GENERATION_PREFIX}{generation}-changelog",
        holds="contact state under a definition that is not live yet",
    )


ALL = (
    ENGAGEMENT,
    HANDOFF_RESPONSE,
    CONTACT_EVENTS,
    CONTACT_KEYS,
    DEAD_LETTER,
    STAGE_CHANGED,
    SEGMENT_CHANGED,
    MQL_HANDOFF,
    COMPANY_MEMBERS,
    COMPANY_CHANGED,
    LIFECYCLE_CHANGELOG,
    COMPANY_CHANGELOG,
    GENERATIONS,
)
