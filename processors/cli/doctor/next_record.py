"""Where the next record of a partition is: workers that start leave marks of transactions, which are none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kafka import KafkaConsumer
from kafka.admin import OffsetSpec

from schemas.kafka_access import kafka_access

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kafka import TopicPartition
    from kafka.admin import KafkaAdminClient

PATIENCE_S = 5.0  # before a transaction that is open: others end well within it
FETCH_BYTES = 1 << 16  # of each partition: one record is enough


def bounds(
    admin: KafkaAdminClient, partitions: Iterable[TopicPartition]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Return where each partition begins, and where it ends."""
    wanted = tuple(partitions)
    firsts, ends = (
        {
            one: found.offset
            for one, found in admin.list_partition_offsets(dict.fromkeys(wanted, spec)).items()
        }
        for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
    )
    return firsts, ends


def offsets_behind(
    bootstrap: str, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> int:
    """Count the offsets from the next committed record on, for whoever has read up to the starts."""
    nexts = next_records(bootstrap, starts, ends)
    return sum(max(0, ends[one] - nexts[one]) for one in starts)


def next_records(
    bootstrap: str, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Return the offset of the first committed record from each start on; the end where there is none."""
    found = {source: start for source, start in starts.items() if start >= ends[source]}
    looking = {source: start for source, start in starts.items() if start < ends[source]}
    if not looking:
        return found
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        **kafka_access(),
    )
    try:
        consumer.assign(list(looking))
        for source, start in looking.items():
            consumer.seek(source, start)
        deadline = time.monotonic() + PATIENCE_S
        while found.keys() != starts.keys() and time.monotonic() < deadline:
            for source, records in consumer.poll(500).items():
                found.setdefault(source, records[0].offset)
                consumer.pause(source)
            for source in looking.keys() - found.keys():
                if consumer.position(source) >= ends[source]:
                    found[source] = ends[source]
        return {source: consumer.position(source) for source in looking.keys() - found.keys()} | found
    finally:
        consumer.close()
