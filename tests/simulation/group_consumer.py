"""The simulated consumer that a group gives its partitions to."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from tests.simulation.clients import Consumer

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from tests.simulation.world import World


class GroupConsumer(Consumer):
    """A consumer whose partitions a group assigns, eagerly: revoke all, join, begin anew."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "read_committed")
        self._listener: Any = None
        self._member: str | None = None
        self._generation = -1
        self._rejoin = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def subscribe(self, _topics: object, listener: object) -> None:
        self._listener = listener
        self._tasks = [asyncio.create_task(self._coordinate()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        if (member := self._member) is not None:
            now = asyncio.get_running_loop().time
            await self._network.request(lambda: self._world.group.leave(member, now()))

    async def _coordinate(self) -> None:
        while not self._stopped:
            self._rejoin.clear()
            await self._listener.on_partitions_revoked(set(self._positions))
            assigned, self._generation = await self._join()
            self._positions = {one: self._broker.committed.get(one, 0) for one in assigned}
            self._paused.clear()
            self._rejoin.clear()  # heard while joining: that rebalance is this one
            self._listener.on_partitions_assigned(set(assigned))
            await self._rejoin.wait()

    async def _join(self) -> tuple[frozenset[TopicPartition], int]:
        loop = asyncio.get_running_loop()
        joined: asyncio.Future[tuple[frozenset[TopicPartition], int]] = loop.create_future()
        member = self._member or self._world.new_name("member")

        def reply(assigned: frozenset[TopicPartition], generation: int) -> None:
            self._world.loop.later(
                0.001, lambda: None if joined.done() else joined.set_result((assigned, generation))
            )

        while True:
            try:
                await self._network.request(lambda: self._world.group.join(member, loop.time(), reply))
            except KafkaError:
                continue
            generation = await joined
            self._member = member  # only now: a late answer to an older heartbeat may have cleared it
            return generation

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopped:
            await asyncio.sleep(self._world.heartbeat)
            member, generation = self._member, self._generation
            if member is None or self._rejoin.is_set():
                continue
            try:
                await self._network.request(
                    partial(self._world.group.heartbeat, member, generation, loop.time())
                )
            except KafkaError as error:
                self._heard(error, generation)

    def _heard(self, error: KafkaError, generation: int) -> None:
        name = type(error).__name__
        if generation != self._generation:
            return  # an answer to what is over
        if name == "UnknownMemberIdError":
            self._member = None
        if name in {"UnknownMemberIdError", "RebalanceInProgressError", "IllegalGenerationError"}:
            self._rejoin.set()
