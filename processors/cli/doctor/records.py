"""A sample of contact-events: each record must be on the partition that murmur2 gives its key."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kafka import KafkaConsumer, TopicPartition
from kafka.partitioner.default import murmur2

from processors.cli.doctor.finding import ok, unknown, wrong
from schemas.kafka_access import kafka_access
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kafka.consumer.fetcher import ConsumerRecord

    from processors.cli.doctor.finding import Finding

SAMPLE = 500  # of each partition, the newest: another partitioner shows in the first few
PATIENCE_S = 10.0
CLOCK_KEY = b""  # of clock_advanced, which is written to its partition by number


def check_partitioner(bootstrap: str) -> Iterator[Finding]:
    """Read the newest records of each partition and compare."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        max_poll_records=SAMPLE,
        **kafka_access(),
    )
    try:
        numbers = consumer.partitions_for_topic(CONTACT_EVENTS.name) or set()
        ends = consumer.end_offsets([TopicPartition(CONTACT_EVENTS.name, number) for number in numbers])
        records = list(_sample(consumer, ends))
    finally:
        consumer.close()
    astray = [record for record in records if _is_astray(record, len(ends))]
    if astray:
        yield wrong(
            "partitioner",
            f"{len(astray)} of {len(records)} sampled records of {CONTACT_EVENTS.name} are not where murmur2"
            f" puts their key, such as partition {astray[0].partition}, offset {astray[0].offset}.",
            "Let only Stageline's intake write to that topic, and never add partitions to it. A contact on"
            " two partitions is decided from half its history in each: start over with a new set of topics.",
        )
    elif records:
        yield ok("partitioner", f"{len(records)} sampled records are where murmur2 puts their key.")
    else:
        yield unknown("partitioner", f"{CONTACT_EVENTS.name} holds no record yet.", "Publish an event.")


def _sample(consumer: KafkaConsumer, ends: Mapping[TopicPartition, int]) -> Iterator[ConsumerRecord]:
    consumer.assign(list(ends))
    for source, begin in consumer.beginning_offsets(list(ends)).items():
        consumer.seek(source, max(begin, ends[source] - SAMPLE))
    deadline = time.monotonic() + PATIENCE_S
    while (
        any(consumer.position(source) < end for source, end in ends.items()) and time.monotonic() < deadline
    ):
        for records in consumer.poll(500).values():
            yield from records


def _is_astray(record: ConsumerRecord, partitions: int) -> bool:
    if record.key == CLOCK_KEY:
        return False
    return record.key is None or (murmur2(record.key) & 0x7FFFFFFF) % partitions != record.partition
