"""`stageline` without transactions, to measure what they cost. For nothing else: a crash repeats a batch.

The records are the same, acknowledged and idempotent; the offset is committed after them.

    python -m tests.bench.untransacted worker
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from aiokafka import AIOKafkaProducer, TopicPartition

from processors.cli.main import main
from processors.engine import member
from processors.engine.partition import Partition
from processors.engine.place import consumed_place
from processors.engine.transaction import MAX_BATCH_BYTES, commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aiokafka import AIOKafkaConsumer

    from processors.engine.place import Place
    from processors.engine.transaction import Rows


class PlainProducer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka is untyped
    """Does what the engine asks of a transactional producer, one thing after the other."""

    def __init__(self, bootstrap: str, consumer: AIOKafkaConsumer) -> None:
        super().__init__(bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=MAX_BATCH_BYTES)
        self._offsets_through = consumer

    async def begin_transaction(self) -> None:
        """Nothing begins."""

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, tuple[int, str]], _group: str
    ) -> None:
        """Commit the offsets, after the records."""
        await self._offsets_through.commit(dict(offsets))

    async def commit_transaction(self) -> None:
        """Nothing is left to do: every record was acknowledged."""


class Nobody:
    """Stands in the place of an `Ownership`, and fences nobody."""

    unsure = False

    def __init__(self, bootstrap: str, consumer: AIOKafkaConsumer) -> None:
        self.producer = PlainProducer(bootstrap, consumer)

    async def start(self) -> None:
        """Start the producer."""
        await self.producer.start()

    async def fence(self, targets: Iterable[TopicPartition]) -> None:
        """Do nothing."""

    async def make_sure(self) -> None:
        """Do nothing."""

    async def committed_offset(self, consumer: AIOKafkaConsumer, source: TopicPartition) -> Place | None:
        """Ask the group."""
        return await consumed_place(consumer, source)

    async def commit(
        self, rows: Rows, consumed: Mapping[TopicPartition, tuple[int, str]]
    ) -> dict[TopicPartition, int]:
        """Write, and commit the offsets."""
        return await commit(self.producer, rows, consumed, "")

    async def stop(self) -> None:
        """Stop the producer."""
        await self.producer.stop()


class Untransacted(Partition):
    """A partition whose producer opens no transactions."""

    def __init__(self, source: TopicPartition, *given: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(source, *given)
        self._ownership = Nobody(self._bootstrap, self._consumer)  # type: ignore[assignment] # as far as it is used


if __name__ == "__main__":
    with patch.object(member, "Partition", Untransacted):
        main()
