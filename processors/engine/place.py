"""How far a source partition is done. The changelog says it and the group's offset, in one transaction.

Some records are done in several transactions: a clock record for which many contacts are due, a barrier that
many have to go over. What one has told so far is a matter of both, the record and what was decided of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from processors.engine.batch import Batch, Output


class Place(NamedTuple):
    """Every record before `offset` is done, and the one there has written its first `told` outputs.

    A record decides the same whenever it is folded, however it is cut into batches. So two places tell by
    comparison who is further, and which outputs lie between them.
    """

    offset: int
    told: int = 0

    def after(self, batch: Batch) -> Place:
        """Return the place after a batch that begins here."""
        told = self.told if batch.next_offset == self.offset else 0
        return Place(batch.next_offset, told + batch.begun)

    def outputs(self, batch: Batch, written: Place) -> list[Output]:
        """Return the outputs of a batch that begins here, but for those up to the place `written`.

        The batch goes as far as the record at that place, or begins with it, or after it.
        """
        if self.after(batch) <= written:
            return []
        again = written.told - self.told if batch.records[0].offset == written.offset else 0
        return batch.outputs[max(0, again) :]

    def to_commit(self) -> tuple[int, str]:
        """Return the group's offset, with its metadata."""
        return self.offset, str(self.told) if self.told else ""


BEGINNING = Place(0)


async def consumed_place(consumer: AIOKafkaConsumer, source: TopicPartition) -> Place | None:
    """Ask the group's coordinator; None: nothing yet. Offsets set by other tools say nothing of `told`."""
    # aiokafka's own way to ask leaves the metadata out.
    answer = await consumer._coordinator.fetch_committed_offsets([source])  # noqa: SLF001
    if source not in answer:
        return None
    offset, told = answer[source]
    return Place(offset, int(told) if told.isdecimal() else 0)
