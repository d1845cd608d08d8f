"""What becomes of a change: topic, key, value and headers, for everything that the core gives out."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from processors.engine.batch import Output
from schemas.codec import encode
from schemas.events import NEWEST
from schemas.times import from_ms
from schemas.topics import (
    COMPANY_CHANGED,
    COMPANY_MEMBERS,
    CONTACT_EVENTS,
    MQL_HANDOFF,
    SEGMENT_CHANGED,
    STAGE_CHANGED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.engine.batch import Headers

    Change = Mapping[str, Any]
    Made = tuple[str, bytes, bytes, bytes, bytes]
    """What is made of a change for its output: record, key, value, id, time."""

PUBLISHED = {
    "stage_changed": STAGE_CHANGED.name,
    "segment_changed": SEGMENT_CHANGED.name,
    "mql_handoff": MQL_HANDOFF.name,
    "membership_changed": COMPANY_MEMBERS.name,
    "company_stage_changed": COMPANY_CHANGED.name,
}
BY_LIFECYCLE = ("stage_changed", "segment_changed", "mql_handoff", "membership_changed")
TOPICS = (*(PUBLISHED[name] for name in BY_LIFECYCLE), CONTACT_EVENTS.name)
KEYS = {"membership_changed": "company_id", "company_stage_changed": "company_id"}  # else contact_id
MAX_BYTES = 1_000_000  # of a value: with key and headers it stays below the brokers' default limit
IDENTITY = ("contact_id", "record", "cycle", "sequence", "from", "to", "handoff", "action", "plan_hash")
COMPANY_IDENTITY = ("company_id", "record", "sequence", "from", "to", "plan_hash")


def to_output(change: Change) -> Output:
    """Return the record to write for a change."""
    name = change["record"]
    key = change[KEYS.get(name, "contact_id")].encode()
    if name in PUBLISHED:
        made = (name, key, _encoded(change), event_id(change).encode(), _time(change["at"]))
        return published(made, change["lifecycle"])
    event = change["event"] if name == "event_forwarded" else change  # else history_transferred
    return Output(CONTACT_EVENTS.name, key, encode(event))


def published(made: Made, lifecycle: str) -> Output:
    """Return the record to write: CloudEvents 1.0, Kafka protocol binding, binary mode."""
    name, key, value, id_, time = made
    version, type_, source, content = _same_headers(name, lifecycle)
    headers = [version, ("ce_id", id_), type_, source, ("ce_time", time), content]
    return Output(PUBLISHED[name], key, value, headers)


@lru_cache(maxsize=64)  # records and definitions are few
def _same_headers(name: str, lifecycle: str) -> Headers:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", f"stageline.{name}.v{NEWEST[name].version}".encode()),
        ("ce_source", f"/stageline/{lifecycle}".encode()),
        ("content-type", b"application/avro"),
    ]


def event_id(change: Change) -> str:
    """Return the same id for the same change, whoever computes it, however often."""
    names = COMPANY_IDENTITY if change["record"] == "company_stage_changed" else IDENTITY
    return sha256(json.dumps([change.get(name) for name in names]).encode()).hexdigest()


def _encoded(change: Change) -> bytes:
    """Encode a change. An explanation too long to send is cut to its summary: the change must get through."""
    value = encode(change)
    if len(value) > MAX_BYTES:
        short = {**change["why"], "evidence": [], "score_parts": []}
        value = encode({**change, "why": short})
    return value


def _time(at: int) -> bytes:
    return from_ms(at).isoformat(timespec="milliseconds").encode()
