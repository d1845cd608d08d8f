"""A partition that is given up keeps its store for as long as its task is at work."""

from __future__ import annotations

import asyncio
from random import Random
from typing import NoReturn

import pytest
from aiokafka import TopicPartition

from processors.engine import member
from processors.engine.intake import Intake
from processors.engine.member import CLOSE_S, ENDING_S, EndlessTaskError
from processors.engine.partition import Partition
from processors.engine.shelf import MemoryShelf
from processors.engine.turns import Turns
from tests.simulation.loop import SimulatedLoop


class Given:
    """Stands for a partition that is given up; its task takes so many seconds to end."""

    source = TopicPartition("source", 0)
    at_work = 7

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.task_ended = False
        self.closed_after_its_task: bool | None = None  # None: not closed

    async def serve(self) -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            await asyncio.sleep(self.seconds)
            self.task_ended = True

    def give_up(self) -> None:
        """Say that it is over."""

    async def close(self) -> None:
        self.closed_after_its_task = self.task_ended


def give_up(given: Given) -> None:
    async def course() -> None:
        task = asyncio.create_task(given.serve())
        await asyncio.sleep(1)
        await member._close(given, task)  # type: ignore[arg-type] # a stand-in

    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(Random(1))) as runner:  # noqa: S311 - reproducible
        runner.run(course())


@pytest.fixture(autouse=True)
def ends(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Raise instead of ending this process; return the places told."""
    told: list[object] = []

    def end_process(error: BaseException, *place: object) -> NoReturn:
        told.append(place)
        raise error

    monkeypatch.setattr(member, "end_process", end_process)
    return told


@pytest.mark.parametrize("seconds", [0, CLOSE_S + 1, ENDING_S - 1])
def test_the_store_goes_back_only_when_the_task_has_ended(seconds: float) -> None:
    given = Given(seconds)
    give_up(given)
    assert given.closed_after_its_task


def test_a_task_that_does_not_end_takes_the_process_with_it(ends: list[object]) -> None:
    given = Given(ENDING_S + 1)
    with pytest.raises(EndlessTaskError):
        give_up(given)
    assert ends == [(given.source, given.at_work)]
    assert given.closed_after_its_task is None


class Panic(BaseException):
    """What a panic of the compiled back-end is in Python: no Exception."""


class Panicking:
    """Stands for a partition in which the compiled back-end panics."""

    source = TopicPartition("source", 0)
    at_work = 7

    async def open(self) -> None:
        raise Panic


def test_a_panic_of_the_compiled_back_end_ends_the_process_too(ends: list[object]) -> None:
    async def course() -> None:
        await member.Member(Intake(), "nowhere:9092")._serve(Panicking())  # type: ignore[arg-type] # a stand-in

    with pytest.raises(Panic):
        asyncio.run(course())
    assert ends == [(Panicking.source, 7)]


def test_a_partition_that_is_given_up_ends_where_its_cancellation_was_lost() -> None:
    """A Kafka client that is being closed takes it for that of its own tasks."""

    async def course() -> None:
        turns, shelf = Turns(), MemoryShelf()
        partition = Partition(Given.source, Intake(), None, "nowhere:9092", turns, shelf)
        serving = asyncio.create_task(partition.serve())
        await asyncio.sleep(0)
        partition.give_up()
        await asyncio.wait_for(serving, 5)

    asyncio.run(course())


class Opened:
    """Stands for a partition that was given up while it opened, and whose cancellation was lost."""

    source, ready, next_offset = Given.source, True, 0
    accepted = False

    async def open(self) -> None:
        self.store: list[bytes] = []

    async def serve(self) -> None:
        """End at once."""

    def accept(self) -> None:
        self.accepted = True


def test_a_partition_that_was_given_up_while_it_opened_is_given_no_records() -> None:
    async def course() -> bool:
        one, opened = member.Member(Intake(), "nowhere:9092"), Opened()
        one._assigned = frozenset([opened.source])
        await one._serve(opened)  # type: ignore[arg-type] # a stand-in
        return opened.accepted

    assert not asyncio.run(course())
