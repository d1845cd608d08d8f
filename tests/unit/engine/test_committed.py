from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from processors.engine import committed
from processors.engine.committed import open_committed

if TYPE_CHECKING:
    import pytest


class Consumer:
    """As aiokafka's (0.14) may do: its fetcher is still busy with what was taken back when it is stopped.

    Which of the two its task sees first depends on the steps of the event loop: seen with `stageline promote
    --dry-run`, which only wants to know the partitions.
    """

    def __init__(self, *_topics: str, **_options: object) -> None:
        self._busy = False

    async def start(self) -> None:
        await asyncio.sleep(0)

    def partitions_for_topic(self, _topic: str) -> set[int]:
        return {0, 1}

    def unsubscribe(self) -> None:
        self._busy = True

    async def topics(self) -> set[str]:
        self._busy = False
        return {"contact-events"}

    async def stop(self) -> None:
        if self._busy:
            await asyncio.Event().wait()


def test_a_log_that_is_only_asked_for_its_partitions_is_closed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committed, "AIOKafkaConsumer", Consumer)

    async def partitions() -> tuple[int, ...]:
        async with asyncio.timeout(5), open_committed("nowhere:1", "contact-events") as log:
            return log.partitions

    assert asyncio.run(partitions()) == (0, 1)
