"""Sending events to Kafka so that none is lost and each contact's stay in order.

Every record waits for the acknowledgement of all in-sync replicas; the producer is idempotent, so its own
retries duplicate nothing. What is published twice by hand carries the same event id and is applied once,
within the newest events that a contact's deduplication remembers (`limits.dedupe_keep`).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from processors.identity import key_of, place
from processors.topic_admin import administering
from schemas import topics
from schemas.codec import encode
from schemas.errors import LifecycleError, SchemaError
from schemas.kafka_access import kafka_access

if TYPE_CHECKING:
    from typing import Self

    from kafka.producer.future import FutureRecordMetadata

    from schemas.events import Event

MAX_PENDING = 10_000  # sent and not yet acknowledged: some 3 MB, and what a resumed run sends again at most
REQUEST_MS = 10_000
DELIVERY_MS = 60_000  # outlives a broker's restart and a leader election
CLOSE_S = 5
ANSWERS = ("handoff_accepted", "handoff_rejected")


class DeliveryError(RuntimeError):
    """The broker did not acknowledge an event. Next: stop; what came after `line` is published again."""

    def __init__(self, line: int, cause: KafkaError) -> None:
        super().__init__(f"row {line} was not acknowledged by the broker: {cause}.")
        self.line = line


class Publisher:
    """Sends events and keeps count of those acknowledged, in order of sending.

    `delivery_ms`: how long an event may wait for its acknowledgement. After a DeliveryError nothing more is
    sent: close it and open another.
    """

    def __init__(self, bootstrap: str, *, delivery_ms: int = DELIVERY_MS) -> None:
        self._producer = _connect(bootstrap, delivery_ms)
        self._patience = delivery_ms / 1000 + 5  # the producer tells by then, unless its connection hangs
        self._pending: deque[tuple[int, FutureRecordMetadata]] = deque()
        self._failure: DeliveryError | None = None
        self.acknowledged = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect. Give up what is not acknowledged: `flush` is what waits for it."""
        if self._pending:
            # close() alone would wait for these, and leave its thread to deliver what we called failed.
            self._producer._sender.force_close()  # noqa: SLF001 - there is no public way
        self._producer.close(timeout=CLOSE_S)

    def send(self, line: int, event: Event) -> None:
        """Send one validated event. Waits when too many are on the way.

        Raises SchemaError when this event can never be sent, DeliveryError when an earlier one failed.
        """
        self._settle(MAX_PENDING)
        key = key_of(place(event)[-1])  # the visitor's, of an identification: after what the visitor did
        topic = topics.HANDOFF_RESPONSE if event["type"] in ANSWERS else topics.ENGAGEMENT
        try:
            future = self._producer.send(topic.name, encode(event), key)
        except MessageSizeTooLargeError:
            raise SchemaError("the event is larger than the 1,048,576 bytes allowed for one.") from None
        except KafkaTimeoutError as error:
            raise DeliveryError(line, error) from None
        self._pending.append((line, future))

    def flush(self) -> None:
        """Wait until everything sent is acknowledged. Raises DeliveryError when something was not."""
        self._settle(0)

    def done_before(self, line: int) -> int:
        """Tell up to which line everything is acknowledged, when `line` is the next one to be sent."""
        return (self._pending[0][0] if self._pending else line) - 1

    def _settle(self, allowed: int) -> None:
        """Take what is acknowledged off the left end; wait while more than `allowed` are not."""
        if self._failure is not None:
            raise self._failure
        while self._pending:
            line, future = self._pending[0]
            if len(self._pending) <= allowed and not future.is_done:
                return
            try:
                future.get(timeout=self._patience)
            except KafkaError as error:
                self._failure = DeliveryError(line, error)
                raise self._failure from None
            self._pending.popleft()
            self.acknowledged += 1


def require_topics(bootstrap: str, *needed: topics.Topic) -> None:
    """Make sure that a broker answers and has these topics. Raises LifecycleError saying what to do."""
    with administering(bootstrap) as admin:
        existing = admin.list_topics()
    for topic in needed:
        if topic.name not in existing:
            raise LifecycleError(
                f"Topic {topic.name} does not exist at {bootstrap}. `stageline topics create` makes it."
            )


def _connect(bootstrap: str, delivery_ms: int) -> KafkaProducer:
    require_topics(bootstrap, topics.ENGAGEMENT, topics.HANDOFF_RESPONSE)
    return KafkaProducer(
        bootstrap_servers=bootstrap.split(","),
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        linger_ms=20,  # batches fill; nobody notices 20 ms at the start of a path of 250
        batch_size=131_072,
        request_timeout_ms=REQUEST_MS,
        max_block_ms=REQUEST_MS,
        delivery_timeout_ms=delivery_ms,
        **kafka_access(),
    )
