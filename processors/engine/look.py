"""A look at a partition from outside, for readiness and the metrics: it changes and waits for nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from processors.engine.partition import Partition


class Look(NamedTuple):
    """`lag`: offsets of the source not yet worked off; None while that is not known.

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


def look_at(partition: Partition, highwater: int | None) -> Look:
    """Look at a partition; `highwater`: where its source ends, as far as the consumer has heard."""
    due = partition.timers.next()
    known = partition.ready and highwater is not None
    return Look(
        topic=partition.source.topic,
        partition=partition.source.partition,
        open=partition.ready,
        lag=max(0, (highwater or 0) - partition.next_offset) if known else None,
        restore_left=0 if partition.ready else partition.restore_left,
        contacts=len(partition.store),
        timers=len(partition.timers),
        overdue_seconds=max(0.0, time.time() - due / 1000) if due is not None else 0.0,
    )
