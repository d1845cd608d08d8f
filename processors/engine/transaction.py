"""One Kafka transaction: changelog, outputs and the consumed offset become visible together or never."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    IllegalOperation,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    MessageSizeTooLargeError,
    ProducerFenced,
)
from aiokafka.partitioner import murmur2

from processors.backend import compiled_back_end
from processors.engine.encoded import encode
from processors.engine.producer import TransactionalProducer
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access
from schemas.values import ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aiokafka.producer.message_accumulator import BatchBuilder
    from aiokafka.structs import RecordMetadata

    from processors.engine.batch import Headers, Output

Row = tuple[bytes | None, bytes | None, "Headers"]
Rows = dict[TopicPartition, list[Row]]

# A crashed owner's open transaction blocks readers until it is aborted: by the next owner's fencing, at the
# latest by this timeout. It must outlast the slowest batch (well under a second).
TRANSACTION_TIMEOUT_MS = 8_000
# Under the brokers' default limit for a record batch (1,048,588 bytes); a larger record still travels alone.
MAX_BATCH_BYTES = 1_000_000
MOST_PLACES = 1 << 17  # ids whose partition is kept, some 20 MB
RETRY_BACKOFF_MS = 20  # for a few ms after a commit the coordinator answers "still committing the last one"

FENCED = (ProducerFenced, InvalidProducerEpoch, InvalidProducerIdMapping)


class RecordTooLargeError(LifecycleError):
    """A topic does not take a record as large as the largest of these."""

    def __init__(self, target: TopicPartition, rows: Iterable[Row]) -> None:
        size = max(len(key or b"") + len(value or b"") for key, value, _headers in rows)
        super().__init__(
            f"Topic {target.topic}, partition {target.partition} takes no record of {size:,} bytes."
            " Nothing is lost: raise its max.message.bytes above that, and start again."
        )


def make_producer(bootstrap: str, transactional_id: str) -> AIOKafkaProducer:
    """Make the producer of one source partition; starting it fences whoever had the id before."""
    return TransactionalProducer(
        bootstrap_servers=bootstrap,
        client_id=transactional_id,
        transactional_id=transactional_id,
        transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
        max_batch_size=MAX_BATCH_BYTES,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        **kafka_access(),
    )


def is_fenced(error: BaseException) -> bool:
    """Tell whether another owner has the transactional id now, or the coordinator has given up on us."""
    return isinstance(error, FENCED) or isinstance(error.__cause__, FENCED)


def partition_of(key: bytes, count: int) -> int:
    """Return where Kafka's own default partitioner puts a contact's id, and so every client of ours.

    Only the key of a dead letter may be longer than an id: up to a megabyte, on which murmur2, in Python,
    spends a third of a second.
    """
    return _places_among(count)[key]


@cache
def _places_among(count: int) -> _Places:
    return _Places(count)


class _Places(dict[bytes, int]):
    """The partitions of ids, worked out when first asked for: the same contacts come again and again."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def __missing__(self, key: bytes) -> int:
        if self._count == 1:  # as the topic of keys, in which hardly a key comes twice
            return 0
        if len(key) > ID_BYTES:
            return crc32(key) % self._count
        if len(self) >= MOST_PLACES:
            self.clear()
        place = self[key] = int(murmur2(key) & 0x7FFFFFFF) % self._count
        return place


def route(outputs: Iterable[Output], counts: Mapping[str, int]) -> Rows:
    """Group outputs by target partition, in order; `counts` is the number of partitions of each topic."""
    if (native := compiled_back_end()) is not None:
        routed = native.route(list(outputs), counts, ID_BYTES, partition_of)
        return {TopicPartition(topic, number): of_target for topic, number, of_target in routed}
    places = {topic: _places_among(count) for topic, count in counts.items()}
    rows: defaultdict[str, defaultdict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for topic, key, value, headers in outputs:
        rows[topic][places[topic][key or b""]].append((key, value, headers))
    return {
        TopicPartition(topic, number): of_target
        for topic, of_topic in rows.items()
        for number, of_target in of_topic.items()
    }


async def commit(
    producer: AIOKafkaProducer, rows: Rows, consumed: Mapping[TopicPartition, tuple[int, str]], group: str
) -> dict[TopicPartition, int]:
    """Write all rows and the consumed offsets in one transaction; return the offset after each target's rows.

    When it returns, that is committed. When it raises, it is not known: the producer must not be used again.
    """
    await producer.begin_transaction()
    sending = await _send(producer, rows)
    # aiokafka would commit even if a record batch was refused: look at each delivery first.
    try:
        delivered = await asyncio.gather(*sending)
    except MessageSizeTooLargeError as error:
        target = next(target for delivery, (target, _) in sending.items() if _is_too_large(delivery))
        raise RecordTooLargeError(target, rows[target]) from error
    # Only now: brokers check one write of a transaction at a time, and let another have to be sent again.
    if consumed:
        await producer.send_offsets_to_transaction(dict(consumed), group)
    await producer.commit_transaction()
    # Of a batch sent twice a broker may have forgotten where it is (-1): then up to there is what is known.
    return {
        target: first.offset + count
        for first, (target, count) in zip(delivered, sending.values(), strict=True)
        if first.offset >= 0
    }


async def _send(
    producer: AIOKafkaProducer, rows: Rows
) -> dict[asyncio.Future[RecordMetadata], tuple[TopicPartition, int]]:
    """Hand over all rows and return their deliveries, each with where it goes and how many rows it has.

    When the producer ends between two of them, fenced perhaps, the deliveries so far know why: they raise it.
    """
    sending = {}
    try:
        for target, rows_of_target in rows.items():
            for builder in _record_batches(producer, rows_of_target):
                delivery = await producer.send_batch(builder, target.topic, partition=target.partition)
                sending[delivery] = (target, builder.record_count())
    except IllegalOperation:
        await asyncio.gather(*sending)
        raise
    return sending


def _is_too_large(delivery: asyncio.Future[RecordMetadata]) -> bool:
    return delivery.done() and isinstance(delivery.exception(), MessageSizeTooLargeError)


def _record_batches(producer: AIOKafkaProducer, rows: list[Row]) -> Iterator[BatchBuilder]:
    if isinstance(producer, AIOKafkaProducer):
        transactional = producer._txn_manager.transactional_id is not None  # noqa: SLF001 - aiokafka keeps it to itself
        if (encoded := encode(rows, MAX_BATCH_BYTES, transactional=transactional)) is not None:
            yield from encoded
            return
    builder = producer.create_batch()
    for key, value, headers in rows:
        if builder.append(timestamp=None, key=key, value=value, headers=headers) is None:  # full
            yield builder
            builder = producer.create_batch()
            builder.append(timestamp=None, key=key, value=value, headers=headers)
    yield builder
