"""Whoever asks at the same time has the same client, and nobody leaves one open."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from kafka.errors import NodeNotReadyError

from processors.engine import shared_admin as module
from processors.engine.shared_admin import ask as put
from processors.engine.shared_admin import shared_admin
from schemas.errors import LifecycleError, NoBrokerError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clients:
    """Stands for Kafka's clients: which are open, and how many there ever were."""

    def __init__(self) -> None:
        self.open: set[int] = set()
        self.made = 0
        self.away = False

    @contextmanager
    def administering(self, _bootstrap: str) -> Iterator[int]:
        if self.away:
            raise NoBrokerError("no broker")
        self.made += 1
        mine = self.made
        self.open.add(mine)
        try:
            yield mine
        finally:
            self.open.remove(mine)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    made = Clients()
    monkeypatch.setattr(module, "administering", made.administering)
    return made


async def ask(seconds: float, error: Exception | None = None) -> object:
    async with shared_admin("here") as admin:
        await asyncio.sleep(seconds)
        if error is not None:
            raise error
        return admin


def test_thirty_questions_at_once_take_one_client_and_the_next_another(clients: Clients) -> None:
    async def run() -> list[object]:
        at_once = await asyncio.gather(*(ask(number / 1_000) for number in range(30)))
        assert not clients.open
        return [*at_once, await ask(0)]

    assert asyncio.run(run()) == [1] * 30 + [2]
    assert not clients.open


def test_after_an_error_whoever_comes_next_has_another_client_and_the_rest_keeps_theirs(
    clients: Clients,
) -> None:
    async def run() -> list[object]:
        long = asyncio.create_task(ask(0.1))
        with pytest.raises(ValueError, match="wrong"):
            await ask(0, ValueError("wrong"))
        return [await ask(0), await long]

    assert asyncio.run(run()) == [2, 1]
    assert not clients.open


def test_a_question_that_is_given_up_leaves_the_others_their_client(clients: Clients) -> None:
    async def run() -> object:
        given_up, other = asyncio.create_task(ask(5)), asyncio.create_task(ask(0.05))
        await asyncio.sleep(0)
        given_up.cancel()
        return await other

    assert asyncio.run(run()) == 1
    assert not clients.open


def test_when_no_broker_answers_everybody_hears_it_and_may_ask_again(clients: Clients) -> None:
    async def run() -> object:
        clients.away = True
        told = await asyncio.gather(ask(0), ask(0), return_exceptions=True)
        assert [type(one) for one in told] == [NoBrokerError] * 2
        clients.away = False
        return await ask(0)

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize("first", [NodeNotReadyError("1"), NoBrokerError("nobody answers")])
def test_a_question_is_put_again_while_brokers_come_up(clients: Clients, first: Exception) -> None:
    answers = [first, first, "an answer"]

    def question(_admin: object, _about: str) -> object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert asyncio.run(put("here", question, "a topic")) == "an answer"
    assert not clients.open


def test_what_is_refused_is_not_asked_again(clients: Clients) -> None:
    def question(_admin: object, about: str) -> str:
        raise LifecycleError(f"{about} does not exist")

    with pytest.raises(LifecycleError, match="a topic does not exist"):
        asyncio.run(put("here", question, "a topic"))
    assert clients.made == 1
