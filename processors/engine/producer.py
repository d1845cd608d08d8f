"""aiokafka's transactional producer, with an end that tells why and leaves nothing behind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, KafkaError

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Iterator


class TransactionalProducer(AIOKafkaProducer):  # type: ignore[misc] # aiokafka is untyped
    """See the module."""

    async def stop(self) -> None:
        """Stop it for good, whatever became of it."""
        try:
            await super().stop()
        except KafkaError:  # the last request of its background task was refused, as when it was fenced
            await self.client.close()
        for one in self._left():  # else asyncio logs that nobody has looked at their errors
            if one.done() and not one.cancelled():
                one.exception()

    def _left(self) -> Iterator[Future[None]]:
        """Return what aiokafka tells its end to, though nobody may have asked."""
        if (transaction := self._txn_manager.wait_for_transaction_end()) is not None:
            yield transaction
        for batches in self._message_accumulator._batches.values():  # noqa: SLF001 - aiokafka keeps it to itself
            yield from (batch._drain_waiter for batch in batches)  # noqa: SLF001


@contextmanager
def saying_why(producer: AIOKafkaProducer) -> Iterator[None]:
    """Raise what ended the producer, fencing say, not aiokafka's complaint that it goes on being used."""
    try:
        yield
    except (AssertionError, IllegalOperation):
        if (why := _ended_by(producer)) is not None:
            raise why  # noqa: B904 - with its own cause, which tells of fencing, too
        raise


def _ended_by(producer: AIOKafkaProducer) -> BaseException | None:
    """Return the error that ended its background task; None while that goes on, or was stopped."""
    task = producer._sender.sender_task  # noqa: SLF001 - aiokafka keeps it to itself
    return task.exception() if task is not None and task.done() and not task.cancelled() else None
