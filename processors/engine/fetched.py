"""Hands over what a fetch brought as it was parsed: aiokafka builds another object for every record.

That took a sixth of a worker's CPU. Only reading without `max_records` is done here, as workers read; what is
read otherwise is left to aiokafka. These records do not say which partition they are of.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.engine.batch import Record


class CommittedRecords(PartitionRecords):  # type: ignore[misc] # aiokafka is untyped
    """What a fetch brought of one partition, without markers and what was aborted."""

    next_fetch_offset: int

    def batches(self) -> Iterator[list[Record]]:
        """Read batch by batch, as aiokafka reads record by record."""
        while self._records.has_next():
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            if not self._is_aborted(batch) and not batch.is_control_batch:
                records = list(batch)
                if records and records[0].offset < self.next_fetch_offset:  # asked for from its midst
                    records = [record for record in records if record.offset >= self.next_fetch_offset]
                yield records
            self.next_fetch_offset = batch.next_offset

    def _is_aborted(self, batch: Any) -> bool:  # noqa: ANN401 - aiokafka is untyped
        if self._isolation_level != READ_COMMITTED or batch.producer_id is None:
            return False
        self._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and self._contains_abort_marker(batch):
            self._aborted_producers.discard(batch.producer_id)
        return batch.is_transactional and batch.producer_id in self._aborted_producers

    def let_go(self) -> None:
        """Drop aiokafka's own iterator: it refers back to this, and would keep the bytes in a cycle."""
        self._records_iterator = None


class WholeFetch(FetchResult):  # type: ignore[misc] # as above
    """The same, as the consumer takes it."""

    _partition_records: Any

    def __init__(self, tp: Any, *, partition_records: Any, **others: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(tp, partition_records=partition_records, **others)
        # Read once only: after an error nothing more comes, and the consumer fetches the rest again.
        self._batches = partition_records.batches()

    def check_assignment(self, tp: Any) -> bool:  # noqa: ANN401 - as above
        """Tell whether this is wanted still: not when the partition was paused or moved meanwhile."""
        records = self._partition_records
        wanted: bool = super().check_assignment(tp)
        if not wanted and records is not None:
            records.let_go()
        return wanted

    def getall(self, max_records: int | None = None) -> list[Any]:
        """Return all records and move the consumer behind them."""
        if max_records is not None:
            return list(super().getall(max_records))
        if not self.check_assignment(self._topic_partition) or not self.has_more():
            return []
        records = list(chain.from_iterable(self._batches))
        self._update_position()
        self._partition_records.let_go()
        self._partition_records = None
        return records


def read_whole_fetches() -> None:
    """Make every consumer of this process read so."""
    fetcher.PartitionRecords, fetcher.FetchResult = CommittedRecords, WholeFetch
