"""What a worker tells Prometheus; docs/operations.md says what each means and when to worry.

Counters and histograms are fed once per transaction, never per record; gauges are read off the partitions
when somebody asks. Labels are groups, topics and partitions: their number is bounded, none names a contact.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from schemas.topics import DEAD_LETTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client import Metric

    from processors.engine.batch import Batch
    from processors.engine.look import Look
    from processors.engine.member import Member
    from processors.engine.transaction import Rows

# Else each has a second series, of which we make no use.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves this one untyped

SIZES = (1, 10, 50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000)  # up to the largest batch
DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8)  # up to a transaction's timeout
DELAYS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600, 3_600, 86_400)

RECORDS = Counter("stageline_records", "Records consumed.", ["group", "topic"])
DEAD_LETTERS = Counter("stageline_dead_letters", "Records sent to the dead-letter topic.", ["group"])
FENCED = Counter("stageline_fenced", "Partitions lost to another owner inside a transaction.", ["group"])
BATCH = Histogram("stageline_batch_records", "Records of a transaction.", ["group"], buckets=SIZES)
PROCESSING = Histogram(
    "stageline_processing_seconds", "Deciding a batch, before its transaction.", ["group"], buckets=DURATIONS
)
TRANSACTION = Histogram(
    "stageline_transaction_seconds", "A transaction, begin to commit.", ["group"], buckets=DURATIONS
)
DELAY = Histogram(
    "stageline_delay_seconds",
    "From a record's timestamp to the commit of what follows from it; a batch's oldest record.",
    ["group"],
    buckets=DELAYS,
)
END_TO_END = Histogram(
    "stageline_end_to_end_seconds",
    "From when an event occurred, or was received, to the commit of its decisions; a batch's oldest event.",
    ["since"],
    buckets=DELAYS,
)
GAUGES: tuple[tuple[str, str, Callable[[Look], float | None]], ...] = (
    ("stageline_open", "1: restored and at work, 0: being restored.", lambda look: look.open),
    ("stageline_lag_offsets", "Offsets of the source not yet worked off.", lambda look: look.lag),
    ("stageline_restore_left_offsets", "Changelog still to be read.", lambda look: look.restore_left),
    ("stageline_contacts", "Contacts in the store.", lambda look: look.contacts),
    ("stageline_timers", "Contacts that wait for a moment.", lambda look: look.timers),
    ("stageline_timer_overdue_seconds", "How late the earliest timer is.", lambda look: look.overdue_seconds),
)

SINCE_RECEIVED = END_TO_END.labels("received")
SINCE_OCCURRED = END_TO_END.labels("occurred")


class Meter:
    """The counters of one partition's transactions."""

    def __init__(self, group: str, topic: str) -> None:
        self._records = RECORDS.labels(group, topic)
        self._dead_letters = DEAD_LETTERS.labels(group)
        self._batch = BATCH.labels(group)
        self._processing = PROCESSING.labels(group)
        self._transaction = TRANSACTION.labels(group)
        self._delay = DELAY.labels(group)
        FENCED.labels(group)  # exists from the start: no rule could see it come into being as a rise

    def processed(self, seconds: float) -> None:
        """Count a batch that was decided."""
        self._processing.observe(seconds)

    def committed(self, batch: Batch, rows: Rows, records: int, seconds: float) -> None:
        """Count a transaction; `records` is how many of the batch's it consumed."""
        now = time.time()
        self._transaction.observe(seconds)
        self._batch.observe(records)
        self._records.inc(records)
        self._delay.observe(max(0.0, now - batch.records[0].timestamp / 1000))
        if refused := sum(len(rows[target]) for target in rows if target.topic == DEAD_LETTER.name):
            self._dead_letters.inc(refused)
        if (event := batch.oldest) is not None:
            SINCE_OCCURRED.observe(max(0.0, now - event["occurred_at"] / 1000))
            SINCE_RECEIVED.observe(max(0.0, now - (event["received_at"] or event["occurred_at"]) / 1000))


class Partitions(Collector):
    """The gauges: one look at every partition of this worker."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members

    def collect(self) -> Iterator[Metric]:
        """Return each gauge with its samples."""
        looks = [(member.label, look) for member in self._members for look in member.looks()]
        for name, text, value in GAUGES:
            gauge = GaugeMetricFamily(name, text, labels=["group", "topic", "partition"])
            for group, look in looks:
                if (found := value(look)) is not None:
                    gauge.add_metric([group, look.topic, str(look.partition)], found)
            yield gauge


def exposition(gauges: CollectorRegistry) -> bytes:
    """Return, in Prometheus' text format, what this process counts and an app's own gauges."""
    return generate_latest(REGISTRY) + generate_latest(gauges)
