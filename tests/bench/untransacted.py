"""`stageline` without transactions, to measure what they cost. For nothing else: a crash repeats a batch.

The records are the same, acknowledged and idempotent; the offset is committed after them.

    python -m tests.bench.untransacted worker
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from aiokafka import AIOKafkaProducer, TopicPartition

from processors.cli.main import main
from processors.engine import member, partition
from processors.engine.partition import Partition
from processors.engine.transaction import MAX_BATCH_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiokafka import AIOKafkaConsumer


class PlainProducer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka is untyped
    """Does what the engine asks of a transactional producer, one thing after the other."""

    def __init__(self, bootstrap: str, consumer: AIOKafkaConsumer) -> None:
        super().__init__(bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=MAX_BATCH_BYTES)
        self._offsets_through = consumer

    async def begin_transaction(self) -> None:
        """Nothing begins."""

    async def send_offsets_to_transaction(self, offsets: Mapping[TopicPartition, int], _group: str) -> None:
        """Commit the offsets, after the records."""
        await self._offsets_through.commit(dict(offsets))

    async def commit_transaction(self) -> None:
        """Nothing is left to do: every record was acknowledged."""


class Untransacted(Partition):
    """A partition whose producer opens no transactions."""

    def __init__(self, source: TopicPartition, *given: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(source, *given)
        self._producer = PlainProducer(self._bootstrap, self._consumer)


if __name__ == "__main__":
    with (
        patch.object(member, "Partition", Untransacted),
        patch.object(partition, "make_producer", lambda *_: None),
    ):
        main()
