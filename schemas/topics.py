"""Every topic: its name, key, record types and how long it keeps them. Created before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PARTITIONS = 8  # default; contact-events and the changelog must have the same number


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic's contract.

    `key` says what the record key is (UTF-8). `cleanup` is the broker's `cleanup.policy`;
    `retention_ms` -1 keeps records for ever.
    """

    name: str
    key: str
    holds: str
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = -1


MONTH_MS = 30 * 86_400_000

ENGAGEMENT = Topic(name="engagement", key="anything", holds="events as published", retention_ms=MONTH_MS)
HANDOFF_RESPONSE = Topic(
    name="handoff-response",
    key="contact id",
    holds="handoff_accepted, handoff_rejected",
    retention_ms=MONTH_MS,
)
CONTACT_EVENTS = Topic(name="contact-events", key="canonical contact id", holds="validated events: the truth")
DEAD_LETTER = Topic(name="dead-letter", key="as received", holds="original bytes and reason headers")
STAGE_CHANGED = Topic(name="stage-changed", key="contact id", holds="stage_changed")
SEGMENT_CHANGED = Topic(name="segment-changed", key="contact id", holds="segment_changed")
MQL_HANDOFF = Topic(name="mql-handoff", key="contact id", holds="mql_handoff")
LIFECYCLE_CHANGELOG = Topic(
    name="stageline-lifecycle-contacts-changelog", key="contact id", holds="contact state", cleanup="compact"
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
)
