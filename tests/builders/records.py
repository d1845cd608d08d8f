"""Consumed records and batches, as a processor gets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.engine.batch import Batch
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True, kw_only=True)
class FetchedRecord:
    """Has what the engine reads of aiokafka's ConsumerRecord, and where it is from."""

    value: bytes | None
    key: bytes | None = None
    offset: int = 0
    topic: str = "engagement"
    partition: int = 0
    timestamp: int = 1_780_000_000_000
    headers: Sequence[tuple[str, bytes | None]] = field(default_factory=tuple)

    @property
    def source(self) -> TopicPartition:
        return TopicPartition(self.topic, self.partition)


def batch_of(
    *records: FetchedRecord, store: MemoryStore | None = None, timers: Timers | None = None
) -> Batch:
    return Batch(
        source=records[0].source,
        records=records,
        store=store or MemoryStore(),
        timers=timers or Timers(),
        next_offset=records[-1].offset + 1,
    )
