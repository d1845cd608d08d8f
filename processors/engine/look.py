"""A look at a partition from outside, for readiness and the metrics: it changes and waits for nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from processors.engine.partition import Partition


class Reading(NamedTuple):
    """Where a consumer is in a source: what it reads next, markers skipped, and where the source ends.

    The end counts transactions that are still open: one that never ends is a reason to be alarmed.
    """

    position: int
    end: int


class Look(NamedTuple):
    """`lag`: offsets of the source not yet worked off, 0 where only markers are left; None: not known yet.

    `restore_left`: offsets of the changelog still to be read; None while that is not known, 0 when open.
    `overdue_seconds`: by how much the earliest timer is late; 0 when none is.
    """

    topic: str
    partition: int
    open: bool
    lag: int | None
    restore_left: int | None
    contacts: int
    timers: int
    overdue_seconds: float


def reading(consumer: AIOKafkaConsumer, source: TopicPartition) -> Reading | None:
    """Return where the consumer is, as far as it has heard; None: not known yet."""
    # aiokafka's own way to ask for the position waits for it.
    state = consumer._subscription.subscription.assignment.state_value(source)  # noqa: SLF001
    if state.highwater is None or not state.has_valid_position:
        return None
    return Reading(state.position, state.highwater)


def look_at(partition: Partition, read: Reading | None) -> Look:
    """Look at a partition; `read`: how far its source was read."""
    due = partition.due
    return Look(
        topic=partition.source.topic,
        partition=partition.source.partition,
        open=partition.ready,
        lag=_lag(partition, read) if partition.ready and read is not None else None,
        restore_left=0 if partition.ready else partition.restore_left,
        contacts=len(partition.store),
        timers=len(partition.timers),
        overdue_seconds=max(0.0, time.time() - due / 1000) if due is not None else 0.0,
    )


def _lag(partition: Partition, read: Reading) -> int:
    """Count from what is to be done next: when nothing waits, what was read is done, or was no record."""
    done = max(partition.next_offset, read.position) if partition.idle else partition.next_offset
    return max(0, read.end - done)
