from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import click
import pytest

from processors.cli import generations, personal
from processors.event_loop import complete

if TYPE_CHECKING:
    from types import ModuleType


def interrupt_soon() -> None:
    asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGINT)


async def deaf(*_: object) -> None:
    """Do as a Kafka client while it is closed."""
    interrupt_soon()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(5)


def test_an_interrupt_is_not_lost_on_work_that_takes_its_cancellation_for_another() -> None:
    told: list[str] = []

    async def work() -> None:
        await deaf()
        told.append("closed")

    with pytest.raises(KeyboardInterrupt):
        complete(work())
    assert told == ["closed"]


@pytest.mark.parametrize(
    ("module", "work", "words"), [(personal, "_read", ["c1"]), (generations, "_look", ["--json"])]
)
def test_commands_that_only_read_lose_no_interrupt(
    module: ModuleType, work: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, work, deaf)
    command = vars(module)[module.__name__.rpartition(".")[2]]
    with pytest.raises(click.Abort):
        command.main(words, standalone_mode=False)


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
