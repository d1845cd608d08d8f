"""A second client, librdkafka, on both sides of what is tested: it feeds topics and reads them back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

TAIL = 2_000  # offsets: one of the last so many is a record, however many workers came and aborted
SECONDS = 60.0  # a broker that does not answer for this long fails the test
patiently = retry(  # a young broker does not know yet who leads a partition or coordinates a group
    retry=retry_if_exception_type(KafkaException),
    stop=stop_after_delay(SECONDS),
    wait=wait_fixed(0.2),
    reraise=True,
)


class Row(NamedTuple):
    """A record read back."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: dict[str, bytes]


def create_topics(bootstrap: str, partitions: int, topics: Mapping[str, dict[str, str]]) -> None:
    """Create topics with the settings given by name; return when the broker tells of their partitions."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    wanted = [NewTopic(name, partitions, 1, config=config) for name, config in topics.items()]
    for future in admin.create_topics(wanted).values():
        future.result(SECONDS)
    whole = dict.fromkeys(topics, partitions)
    _wait_until(lambda: _partitions(admin, topics) == whole, f"not all told of: {whole}")


def delete_topic(bootstrap: str, name: str) -> None:
    """Delete a topic and return when it is gone."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([name])[name].result(SECONDS)
    _wait_until(lambda: not _partitions(admin, [name]), f"{name} does not go away")


def _partitions(admin: AdminClient, names: Iterable[str]) -> dict[str, int]:
    """Return how many partitions each of the topics has that the broker knows."""
    known = admin.list_topics(timeout=SECONDS).topics
    return {name: len(known[name].partitions) for name in names if name in known}


def _wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def make_producer(bootstrap: str, compression: str = "none", linger_ms: int = 5) -> Producer:
    """Make a producer that neither loses nor doubles, with the partitioner of all other clients."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": linger_ms,
            "compression.type": compression,
            "log_level": 0,
            "message.max.bytes": 4_000_000,  # what a broker refuses is the broker's to say
        }
    )


def read_topic(bootstrap: str, topic: str, last: int | None = None) -> Iterator[Row]:
    """Read every committed record up to where the topic ends now; `last`: among so many offsets."""
    ends = end_offsets(bootstrap, topic)
    starts = {number: 0 if last is None else max(0, end - last) for number, end in ends.items()}
    yield from _read(bootstrap, topic, starts, ends)


class Reader:
    """Reads a topic piece by piece."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        self._bootstrap = bootstrap
        self._starts: dict[int, int] = {}

    def new_rows(self) -> Iterator[Row]:
        """Read every committed record from where the last time ended up to where the topic ends now."""
        ends = end_offsets(self._bootstrap, self.topic)
        starts = {number: self._starts.get(number, 0) for number in ends}
        yield from _read(self._bootstrap, self.topic, starts, ends)
        self._starts = ends


def _read(bootstrap: str, topic: str, starts: dict[int, int], ends: dict[int, int]) -> Iterator[Row]:
    consumer = _make_consumer(bootstrap, f"read-{uuid4()}")
    consumer.assign([TopicPartition(topic, number, start) for number, start in starts.items()])
    left = {number for number, end in ends.items() if end}
    while left:
        message = consumer.poll(SECONDS)
        assert message is not None, f"{topic} could not be read to its end"
        if (error := message.error()) is not None:
            assert error.code() == KafkaError._PARTITION_EOF, error
            left.discard(message.partition())
        elif (message.offset() or 0) < ends[message.partition() or 0]:
            yield _row(message)
    consumer.close()


def tail_topic(bootstrap: str, topic: str, starts: dict[int, int], deadline: float) -> Iterator[Row]:
    """Read committed records as they come, from these offsets on, until `deadline` (monotonic seconds)."""
    consumer = _make_consumer(bootstrap, f"tail-{uuid4()}")
    consumer.assign([TopicPartition(topic, number, start) for number, start in starts.items()])
    while time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            yield _row(message)
    consumer.close()


@patiently
def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """Return the end of each partition."""
    consumer = _make_consumer(bootstrap, "ends")
    numbers = consumer.list_topics(topic, SECONDS).topics[topic].partitions
    ends = {n: consumer.get_watermark_offsets(TopicPartition(topic, n), SECONDS)[1] for n in numbers}
    consumer.close()
    return ends


def record_ends(bootstrap: str, topic: str) -> dict[int, int]:
    """Return the offset after the last record of each partition that has any: markers do not count."""
    return {row.partition: row.offset + 1 for row in read_topic(bootstrap, topic, last=TAIL)}


class Committed:
    """How far a group is in a topic; keeps its connection, for asking often."""

    def __init__(self, bootstrap: str, group: str, topic: str) -> None:
        # Else it waits for a moment when no partition's offset is in an open transaction: under load, never.
        self._consumer = _make_consumer(bootstrap, group, isolation="read_uncommitted")
        numbers = self._consumer.list_topics(topic, SECONDS).topics[topic].partitions
        self._partitions = [TopicPartition(topic, number) for number in numbers]

    @patiently
    def __call__(self) -> dict[int, int]:
        found = self._consumer.committed(self._partitions, SECONDS)
        return {one.partition: max(one.offset, 0) for one in found}


def _make_consumer(bootstrap: str, group: str, isolation: str = "read_committed") -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",  # of a topic that was cut short, what is left
            "log_level": 0,  # a broker that a test stops is no news
        }
    )


def _row(message: Message) -> Row:
    headers: Any = message.headers() or []
    return Row(
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=_bytes(message.key()) or b"",
        value=_bytes(message.value()),
        headers={name: _bytes(value) or b"" for name, value in headers},
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
