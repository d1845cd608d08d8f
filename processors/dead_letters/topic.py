"""The dead-letter topic itself: read it, delete from its start."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import RetriableError, UnknownBrokerIdError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from processors.dead_letters.letter import Letter, Mark, parse
from processors.topic_admin import administering, describe
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access
from schemas.topics import DEAD_LETTER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kafka.admin import KafkaAdminClient

    from processors.dead_letters.letter import LetterId

# A transaction that its owner left open hides what stands behind it until the broker aborts it, after 8 s for
# a worker's. Longer than that, and something else is wrong.
STALLED_S = 30.0

LEADERLESS = (UnknownBrokerIdError, RetriableError)  # for a moment, when a broker comes back or goes
_patiently = Retrying(
    retry=retry_if_exception_type(LEADERLESS), wait=wait_fixed(0.2), stop=stop_after_delay(10.0), reraise=True
)


def read(bootstrap: str, first: Mapping[int, int] | None = None) -> Iterator[Letter | Mark]:
    """Yield what stands in the topic now, each partition in order; a mark always after its letter.

    `first`: where to begin in which partitions; all from the beginning without it. What is not ours is left
    out. Raises LifecycleError if no broker answers or the topic is not there.
    """
    last = ends(bootstrap)
    starts = {TopicPartition(DEAD_LETTER.name, p): offset for p, offset in (first or {}).items()}
    wanted = {source: end for source, end in last.items() if not starts or source in starts}
    with _consumer(bootstrap) as consumer:
        consumer.assign(list(wanted))
        for source, begin in consumer.beginning_offsets(list(wanted)).items():
            consumer.seek(source, max(begin, starts.get(source, 0)))
        yield from _read_to(consumer, wanted)


def marks(bootstrap: str) -> dict[LetterId, int]:
    """Return when each replayed letter was (last) replayed."""
    return {one.letter: one.at for one in read(bootstrap) if isinstance(one, Mark)}


def find(bootstrap: str, wanted: LetterId) -> tuple[Letter, int | None]:
    """Return a letter and when it was replayed. Raises LifecycleError if there is none of that id."""
    letter, replayed_at = None, None
    for one in read(bootstrap, {wanted.partition: wanted.offset}):
        if isinstance(one, Mark):
            replayed_at = one.at if one.letter == wanted else replayed_at
        elif one.id == wanted:
            letter = one
    if letter is None:
        raise LifecycleError(f"There is no dead letter {wanted}. `stageline dlt list` shows their ids.")
    return letter, replayed_at


def delete_before(bootstrap: str, ends: Mapping[int, int]) -> None:
    """Delete from each partition every record before an offset."""
    with administering(bootstrap) as admin:
        admin.delete_records({TopicPartition(DEAD_LETTER.name, p): end for p, end in ends.items()})


def ends(bootstrap: str) -> dict[TopicPartition, int]:
    """Return the high watermarks: a mark behind an open transaction must be read, too."""
    with administering(bootstrap) as admin:
        described = describe(admin, [DEAD_LETTER.name])
        if not described:
            raise LifecycleError(f"Topic {DEAD_LETTER.name} does not exist. Run `stageline topics create`.")
        numbers = [one["partition_index"] for one in described[0]["partitions"]]
        sources = [TopicPartition(DEAD_LETTER.name, number) for number in numbers]
        return _patiently(_last_offsets, admin, sources)


def _last_offsets(admin: KafkaAdminClient, sources: list[TopicPartition]) -> dict[TopicPartition, int]:
    found = admin.list_partition_offsets(dict.fromkeys(sources, OffsetSpec.LATEST))
    return {source: found[source].offset for source in sources}


def _read_to(consumer: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> Iterator[Letter | Mark]:
    """By position, not by the last record: transaction markers are offsets without a record."""
    moved = time.monotonic()
    while waiting := [source for source, end in ends.items() if consumer.position(source) < end]:
        fetched = consumer.poll(500)
        if fetched:
            moved = time.monotonic()
        elif time.monotonic() - moved > STALLED_S:
            raise LifecycleError(
                f"{waiting[0].topic}, partition {waiting[0].partition}: nothing can be read from offset"
                f" {consumer.position(waiting[0])} on; a transaction is open there. Look for a worker that"
                " hangs, or end it with `kafka-transactions.sh abort`."
            )
        for source, records in fetched.items():
            yield from (one for record in records if record.offset < ends[source] and (one := parse(record)))


@contextmanager
def _consumer(bootstrap: str) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_poll_records=10_000,
        **kafka_access(),
    )
    try:
        yield consumer
    finally:
        consumer.close()
