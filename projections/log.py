"""The read side's door to Kafka: committed records of the output topics, from positions kept elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from schemas.kafka_access import kafka_access, no_broker
from schemas.topics import COMPANY_CHANGED, COMPANY_MEMBERS, MQL_HANDOFF, SEGMENT_CHANGED, STAGE_CHANGED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

OUTPUTS = (
    STAGE_CHANGED.name,
    SEGMENT_CHANGED.name,
    MQL_HANDOFF.name,
    COMPANY_MEMBERS.name,
    COMPANY_CHANGED.name,
)
CONNECT_MS = 8_000  # a broker that answers at all does so in a second or two


class LogAwayError(Exception):
    """Kafka cannot be reached, or a topic does not exist yet. Next: try again, nothing was lost."""


class LogMovedError(Exception):
    """A topic was made anew or cut short while it was read, or cannot be read now. Next: open it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """(offset, value) of one partition in order; `after` is the offset to read next."""

    partition: str
    records: Sequence[tuple[int, bytes]]
    after: int


class Log:
    """Every partition of some topics, read without a consumer group. Made by `open_log`."""

    def __init__(self, consumer: KafkaConsumer, bootstrap: str, topics: Sequence[str]) -> None:
        self._consumer = consumer
        self._bootstrap = bootstrap
        self._topics = topics
        self.contents, self._partitions = _describe(bootstrap, topics)
        consumer.assign(self._partitions)
        self._ends: Mapping[TopicPartition, int] = {}

    def seek(self, positions: Mapping[str, int]) -> bool:
        """Read on from these offsets, from the beginning where none is given.

        Returns False, and reads nothing, if an offset is past the end: the log is not the one it came from.
        """
        with _moving():
            starts = self._consumer.beginning_offsets(self._partitions)
            self._ends = self._consumer.end_offsets(self._partitions)
        wanted = {part: positions.get(named(part), 0) for part in self._partitions}
        if any(wanted[part] > self._ends[part] for part in self._partitions):
            return False
        for part in self._partitions:
            self._consumer.seek(part, max(wanted[part], starts[part]))
        return True

    def seek_back(self, records: int | None) -> None:
        """Read on from at least so many records before each partition's end; None: from the beginning."""
        with _moving():
            ends = self._consumer.end_offsets(self._partitions)
        if records is None:
            self.seek({})
        else:  # the mark that ends a transaction has an offset too: at worst every second one is a mark
            self.seek({named(part): max(0, end - 2 * records) for part, end in ends.items()})

    def poll(self, wait_ms: int, most: int) -> list[Slice]:
        """Return what came, at most so many records. Raises LogMovedError."""
        with _moving():
            found = self._consumer.poll(timeout_ms=wait_ms, max_records=most)
        return [
            Slice(
                partition=named(part),
                records=[(record.offset, record.value or b"") for record in records],
                after=records[-1].offset + 1,
            )
            for part, records in found.items()
        ]

    def at_end(self) -> bool:
        """Tell whether everything has been read that was there at the last `seek`."""
        with _moving():
            return all(self._consumer.position(part) >= end for part, end in self._ends.items())

    def is_same(self) -> bool:
        """Tell whether the topics are still those that were opened, with the same partitions."""
        return _describe(self._bootstrap, self._topics) == (self.contents, self._partitions)

    def behind(self) -> int:
        """Count the offsets between what was read and what the broker last said to have."""
        ends = {part: self._consumer.highwater(part) or 0 for part in self._partitions}
        with _moving():
            return sum(max(0, end - self._consumer.position(part)) for part, end in ends.items())

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


def open_log(bootstrap: str, topics: Sequence[str] = OUTPUTS) -> Log:
    """Open these topics. Raises LogAwayError when no broker answers or a topic is missing."""
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=CONNECT_MS,
            reconnect_backoff_max_ms=2_000,  # a restarted broker is found again within seconds,
            **kafka_access(),
        )
    except KafkaError as error:
        raise LogAwayError(str(no_broker(bootstrap, error))) from error
    try:
        return Log(consumer, bootstrap, topics)
    except LogAwayError:
        consumer.close()
        raise


def named(partition: TopicPartition) -> str:
    """Return `topic/partition`."""
    return f"{partition.topic}/{partition.partition}"


def _describe(bootstrap: str, topics: Sequence[str]) -> tuple[str, tuple[TopicPartition, ...]]:
    """Return a name for the topics' contents, and their partitions.

    The name is made of the ids that the cluster gave the topics: a topic that is deleted and made anew, or
    one of another cluster, has another.
    """
    try:
        with KafkaAdminClient(
            bootstrap_servers=bootstrap, bootstrap_timeout_ms=CONNECT_MS, **kafka_access()
        ) as admin:
            found: list[dict[str, Any]] = admin.describe_topics(list(topics))
    except KafkaError as error:
        raise LogAwayError(str(no_broker(bootstrap, error))) from error
    missing = [topic["name"] for topic in found if topic["error_code"]]
    if missing:
        raise LogAwayError(f"No topic {', '.join(missing)} yet: `stageline worker` makes the topics.")
    return _contents(found), _partitions(found)


@contextmanager
def _moving() -> Iterator[None]:
    """Whatever goes wrong while reading: who opens the log again finds out what it is, and where to go on."""
    try:
        yield
    except KafkaError as error:
        raise LogMovedError(f"{type(error).__name__}: {error}") from error


def _contents(topics: list[dict[str, Any]]) -> str:
    ids = ",".join(sorted(f"{topic['name']}={topic['topic_id']}" for topic in topics))
    return sha256(ids.encode()).hexdigest()[:8]


def _partitions(topics: list[dict[str, Any]]) -> tuple[TopicPartition, ...]:
    pairs = ((topic["name"], part["partition_index"]) for topic in topics for part in topic["partitions"])
    return tuple(TopicPartition(*pair) for pair in sorted(pairs))
