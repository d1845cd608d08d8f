"""The simulated network: requests take a while each way, wait for a broker that is away, or are lost."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from typing import TYPE_CHECKING, TypeVar

from aiokafka.errors import ConcurrentTransactions, KafkaError, KafkaTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.simulation.loop import SimulatedLoop

T = TypeVar("T")
TRY_AGAIN_S = 0.05


class Network:
    """`loss`: how likely a request fails, half of them although the broker has done what was asked."""

    def __init__(self, loop: SimulatedLoop, chance: Random) -> None:
        self.delay = 0.02  # s, at most, one way
        self.loss = 0.0
        self.broker_away = False
        self.connection = object()  # everybody's, to the broker as it is since it came up
        self._loop = loop
        self._chance = chance

    async def request(self, work: Callable[[], T]) -> T:
        """Send a request; once sent it arrives, even if the sender has died meanwhile."""
        answer: Future[T] = get_running_loop().create_future()
        lost = self._chance.random() < self.loss

        def arrive() -> None:
            if self.broker_away:
                self._loop.later(TRY_AGAIN_S, arrive)
            elif lost and self._chance.random() < 0.5:
                self._reply(lambda: _fail(answer, KafkaTimeoutError()))
            else:
                self._reply(_outcome(work, answer, lost=lost))

        self._loop.later(self._some_delay(), arrive)
        return await answer

    async def patient(self, work: Callable[[], T]) -> T:
        """Send a request again while the coordinator is busy with the transaction before, as clients do."""
        while True:
            try:
                return await self.request(work)
            except ConcurrentTransactions:
                continue

    def _reply(self, answer: Callable[[], None]) -> None:
        self._loop.later(self._some_delay(), answer)

    def _some_delay(self) -> float:
        return self._chance.random() * self.delay


def _outcome(work: Callable[[], T], answer: Future[T], *, lost: bool) -> Callable[[], None]:
    try:
        result = work()
    except KafkaError as error:
        failure = error
        return lambda: _fail(answer, failure)
    if lost:
        return lambda: _fail(answer, KafkaTimeoutError())
    return lambda: None if answer.done() else answer.set_result(result)


def _fail(answer: Future[T], error: KafkaError) -> None:
    if not answer.done():
        answer.set_exception(error)
