"""Reads topics in which compaction has emptied a marker; aiokafka refuses them from there on.

A marker ends a transaction. Once it has nothing more to say the broker takes it away, after a day or so, but
leaves an empty batch in its place where that is the last one of a producer, such as a former owner.
Kafka's own clients take such a batch for one that ends nothing.
"""

from __future__ import annotations

from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord


def tolerate_emptied_markers() -> None:
    """Let every consumer of this process read on."""
    PartitionRecords._contains_abort_marker = _contains_abort_marker  # noqa: SLF001 - aiokafka's only place for it


def _contains_abort_marker(_self: object, batch: Any) -> bool:  # noqa: ANN401 - aiokafka is untyped
    record = next(batch, None)
    return record is not None and bool(ControlRecord.parse(record.key) == ABORT_MARKER)
