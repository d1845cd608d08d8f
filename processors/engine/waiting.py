"""What was fetched and waits for its batch: bounded, by pausing what fetches it."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING

from processors.engine.batch import bytes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiokafka import AIOKafkaConsumer, TopicPartition

    from processors.engine.batch import Record

PAUSE_ABOVE = 20_000  # records: two of the largest batches
RESUME_BELOW = PAUSE_ABOVE // 2
PAUSE_BYTES = 32 << 20  # of their values: large events may not fill the memory either
RESUME_BYTES = PAUSE_BYTES // 4


class Waiting:
    """The records of one source partition that come next, in order."""

    def __init__(self, source: TopicPartition, consumer: AIOKafkaConsumer) -> None:
        self._source = source
        self._consumer = consumer
        self._records: list[Record] = []
        self._bytes = 0
        self._paused = False

    def __len__(self) -> int:
        return len(self._records)

    def add(self, records: Sequence[Record]) -> None:
        """Take what was fetched; ask for no more if that is too much."""
        self._records.extend(records)
        self._bytes += bytes_of(records)
        if len(self._records) > PAUSE_ABOVE or self._bytes > PAUSE_BYTES:
            self._consumer.pause(self._source)
            self._paused = True

    def first(self, most: int, below: int) -> list[Record]:
        """Return what comes next; records before the offset `below` make batches of their own."""
        records = self._records[:most]
        return records[: _count_before(below, records)] or records

    def drop(self, records: Sequence[Record], next_offset: int) -> int:
        """Drop those of the first records that are before an offset; tell how many.

        They may have been forgotten meanwhile, with all the others.
        """
        done = _count_before(next_offset, records)
        if self._records:
            del self._records[:done]
            self._bytes -= bytes_of(records[:done])
        return done

    def resume(self) -> None:
        """Ask for more again, if few are left."""
        if self._paused and len(self._records) < RESUME_BELOW and self._bytes < RESUME_BYTES:
            self._consumer.resume(self._source)
            self._paused = False

    def clear(self) -> None:
        """Forget everything; whoever goes on reading begins unpaused."""
        self._records.clear()
        self._bytes = 0
        self._paused = False


def _count_before(offset: int, records: Sequence[Record]) -> int:
    return bisect_left(records, offset, key=attrgetter("offset"))
