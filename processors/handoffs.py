"""Hand-offs as a subscriber sees them: read from `mql-handoff`, answered through `handoff-response`."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from kafka import KafkaConsumer, OffsetAndMetadata
from kafka.errors import CommitFailedError, RebalanceInProgressError

from processors.publish import require_topics
from schemas.codec import decode_trusted
from schemas.errors import SchemaError
from schemas.kafka_access import kafka_access
from schemas.times import from_ms
from schemas.topics import MQL_HANDOFF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HANDLING_MS = (
    900_000  # a CRM that is down for a quarter of an hour; then another subscriber gets the hand-off
)
SESSION_MS = 10_000  # a subscriber that dies is replaced within it
POLL_S = 1.0

Action = Literal[
    "offered", "reminded", "escalated", "reassigned", "alerted", "accepted", "rejected", "expired",
    "withdrawn",
]  # fmt: skip
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One step in the life of a hand-off; `offered` is the first.

    `id` is the same in all steps; `sequence` counts a contact's steps from 1, without gaps. `score` holds
    thousandths of a point. `summary` is one sentence for a salesperson, `why` all the evidence. `owner`
    is the team that owns the contact from now on, `to` the team it is offered to.
    """

    id: str
    contact_id: str
    sequence: int
    action: Action
    stage: str
    to: str
    owner: str | None
    at: datetime
    accept_by: datetime | None
    reason: str | None
    actor: str | None
    summary: str
    why: Mapping[str, Any]
    score: Mapping[str, int]
    lifecycle: str
    late: bool
    _answer: Callable[[Mapping[str, Any]], object] = field(repr=False, compare=False)

    def accept(self, *, actor: str, note: str | None = None) -> None:
        """Take the contact. Returns when the broker has acknowledged the answer."""
        self._send("handoff_accepted", actor, note)

    def reject(self, reason: str, *, actor: str) -> None:
        """Give the contact back, with the reason. Returns when the broker has acknowledged the answer."""
        self._send("handoff_rejected", actor, reason)

    def _send(self, event_type: str, actor: str, reason: str | None) -> None:
        self._answer({
            "type": event_type,
            # The same each time this step is answered so: a second one is a redelivery and counts once.
            "event_id": f"{self.id}:{self.sequence}:{event_type}",
            "contact_id": self.contact_id,
            "occurred_at": datetime.now(UTC),
            "handoff": self.id,
            "reason": reason,
            "actor": actor,
        })  # fmt: skip


def handoff_of(record: Mapping[str, Any], answer: Callable[[Mapping[str, Any]], object]) -> Handoff:
    """Turn a decoded `mql_handoff` record into a hand-off; `answer` publishes one event."""
    copied = ("contact_id", "sequence", "action", "stage", "to", "owner", "reason", "actor", "why", "score",
              "lifecycle", "late")  # fmt: skip
    return Handoff(
        id=record["handoff"],
        at=from_ms(record["at"]),
        accept_by=None if record["accept_by"] is None else from_ms(record["accept_by"]),
        summary=record["why"]["summary"],
        _answer=answer,
        **{name: record[name] for name in copied},
    )


def receive(bootstrap: str, group: str, idle: float | None) -> Iterator[Mapping[str, Any]]:
    """Iterate over the committed records of `mql-handoff`; each is committed when the next is asked for."""
    require_topics(bootstrap, MQL_HANDOFF)
    consumer = KafkaConsumer(
        MQL_HANDOFF.name,
        bootstrap_servers=bootstrap.split(","),
        group_id=group,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        max_poll_records=1,  # so that the time allowed between polls is the time to handle one
        max_poll_interval_ms=HANDLING_MS,
        session_timeout_ms=SESSION_MS,
        **kafka_access(),
    )
    try:
        yield from _each(consumer, idle)
    finally:
        consumer.close(autocommit=False)


def _each(consumer: KafkaConsumer, idle: float | None) -> Iterator[Mapping[str, Any]]:
    last = time.monotonic()
    while idle is None or time.monotonic() - last < idle:
        for partition, records in consumer.poll(timeout_ms=int(POLL_S * 1000)).items():
            for record in records:
                yield _decode(record)
                _commit(consumer, partition, record.offset + 1)
                last = time.monotonic()
        if not consumer.assignment():  # still joining the group: not idle yet
            last = time.monotonic()
        _keep_joining(consumer)


def _keep_joining(consumer: KafkaConsumer) -> None:
    """Let a subscriber that has begun to join its group go on until it has joined.

    kafka-python (3.0) joins anew when it hears of other partitions, which it notes nowhere: when a poll ends
    meanwhile, the next may see no reason to go on, and the subscriber stays without partitions for ever.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - nothing public asks for it
    if coordinator.rejoining:
        coordinator.request_rejoin()


def _decode(record: Any) -> Mapping[str, Any]:  # noqa: ANN401 - kafka-python's ConsumerRecord
    try:
        return decode_trusted(record.value)
    except SchemaError as error:
        place = f"{record.topic}, partition {record.partition}, offset {record.offset}"
        raise SchemaError(
            f"{place}: {error} A newer Stageline may have written it: update this one."
        ) from None


def _commit(consumer: KafkaConsumer, partition: Any, offset: int) -> None:  # noqa: ANN401 - a TopicPartition
    try:
        consumer.commit({partition: OffsetAndMetadata(offset, "", -1)})
    except (CommitFailedError, RebalanceInProgressError):
        # The group gave the partition to another subscriber meanwhile, who gets this hand-off again.
        log.warning("hand-off handled but not committed: partition %s has a new owner", partition.partition)
