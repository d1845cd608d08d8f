from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from processors.event_loop import complete


def interrupt_soon() -> None:
    asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGINT)


def test_an_interrupt_is_not_lost_on_work_that_takes_its_cancellation_for_another() -> None:
    told: list[str] = []

    async def deaf() -> None:  # as a Kafka client is while it is closed
        interrupt_soon()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(5)
        told.append("closed")

    with pytest.raises(KeyboardInterrupt):
        complete(deaf())
    assert told == ["closed"]


def test_work_that_is_interrupted_closes_what_it_has_open() -> None:
    told: list[str] = []

    async def work() -> None:
        interrupt_soon()
        try:
            await asyncio.sleep(5)
        finally:
            told.append("closed")

    with pytest.raises(KeyboardInterrupt):
        complete(work())
    assert told == ["closed"]
    assert complete(asyncio.sleep(0, "next")) == "next"
