"""Whose transaction was it, and how was it decided: what a new owner believes of the coordinator's answer."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced

from processors.engine import fencing
from processors.engine.fencing import NOBODY, Last, Owner, Ownership, is_away

if TYPE_CHECKING:
    from collections.abc import Callable

LAST = Owner(7, 4)


class Producer:
    """Becomes the given owner when it starts; says how its transaction ended."""

    def __init__(self, owner: Owner) -> None:
        self.ended: list[str] = []
        self._txn_manager = SimpleNamespace(producer_id=owner.producer_id, producer_epoch=owner.epoch)

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    async def begin_transaction(self) -> None:
        """Nothing to do."""

    async def commit_transaction(self) -> None:
        self.ended.append("committed")

    async def abort_transaction(self) -> None:
        self.ended.append("aborted")


@pytest.fixture
def fenced(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Take over, given what the coordinator says and who we become; return how that transaction ended."""

    def take_over(last: Last, become: Owner, former: Owner | None = None) -> list[str]:
        async def last_transaction(*_: str) -> Last:
            return last

        producer = Producer(become)
        monkeypatch.setattr(fencing, "last_transaction", last_transaction)
        monkeypatch.setattr(fencing, "make_producer", lambda *_: producer)
        monkeypatch.setattr(fencing, "coordinator_connection", lambda _: None)

        async def run() -> None:
            ownership = Ownership("", "id")
            await ownership.start(former)
            await ownership.fence(())

        asyncio.run(run())
        return producer.ended

    return take_over


@pytest.mark.parametrize(
    ("last", "become", "ended"),
    [
        (Last(LAST, committed=True), Owner(7, 5), "committed"),
        (Last(LAST, committed=False), Owner(7, 5), "aborted"),
        (Last(LAST, committed=True), Owner(7, 6), "aborted"),  # another was the owner in between
        (Last(LAST, committed=True), Owner(8, 0), "aborted"),  # the epochs of one producer id have an end
        (Last(NOBODY, committed=False), Owner(7, 0), "aborted"),
    ],
)
def test_what_is_open_ends_as_the_last_transaction_if_that_was_the_one_before_ours(
    fenced: Callable[..., list[str]], last: Last, become: Owner, ended: str
) -> None:
    assert fenced(last, become) == [ended]


@pytest.mark.parametrize(("last", "become"), [(Owner(7, 5), Owner(7, 6)), (LAST, Owner(7, 6))])
def test_nobody_takes_over_from_himself_when_another_was_the_owner_meanwhile(
    fenced: Callable[..., list[str]], last: Owner, become: Owner
) -> None:
    with pytest.raises(ProducerFenced):
        fenced(Last(last, committed=True), become, former=LAST)
    assert fenced(Last(LAST, committed=True), Owner(7, 5), former=LAST) == ["committed"]


def test_after_a_transaction_as_long_as_a_stall_an_owner_takes_over_from_himself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    clock = [0.0]
    took = [0.01, fencing.STALL_S + 0.1]

    async def commit(*_: object) -> dict[object, int]:
        clock[0] += took.pop(0)
        return {}

    async def last_transaction(*_: str) -> Last:
        return Last(Owner(7, 5), committed=True)

    async def say_something(*_: object) -> None:
        said.append("something")

    producers = [Producer(Owner(7, 5)), Producer(Owner(7, 6))]
    first, second = producers
    monkeypatch.setattr(fencing, "_now", lambda: clock[0])
    monkeypatch.setattr(fencing, "commit", commit)
    monkeypatch.setattr(fencing, "last_transaction", last_transaction)
    monkeypatch.setattr(fencing, "say_something", say_something)
    monkeypatch.setattr(fencing, "make_producer", lambda *_: producers.pop(0))
    monkeypatch.setattr(fencing, "coordinator_connection", lambda producer: producer)

    async def run() -> list[bool]:
        unsure = []
        ownership = Ownership("", "id")
        await ownership.start()
        await ownership.fence(())
        await ownership.commit({}, {})
        unsure.append(ownership.unsure)
        clock[0] += fencing.KEEP_ALIVE_S + 1
        for step in (ownership.make_sure(), ownership.commit({}, {}), ownership.make_sure()):
            unsure.append(ownership.unsure)
            await step
        return [*unsure, ownership.unsure]

    assert asyncio.run(run()) == [False, True, False, True, False]
    assert (first.ended, second.ended, said) == (["aborted"], ["committed"], ["something"])


def test_that_the_broker_is_away_is_known_also_when_the_client_puts_another_error_around_it() -> None:
    """As aiokafka does with the answer to FindCoordinator, and around that in its background task."""
    looking, sending = KafkaError("KafkaConnectionError()"), KafkaError("Unexpected error")
    looking.__cause__, sending.__cause__ = KafkaConnectionError(), looking
    assert is_away(looking)
    assert is_away(sending)
    assert not is_away(KafkaError("the disk is full"))
