"""What stands in for the clients of aiokafka: the calls the engine makes, as the simulation has them."""

from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

from aiokafka.errors import ConsumerStoppedError, KafkaError, MessageSizeTooLargeError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiokafka import TopicPartition

    from tests.simulation.broker import Broker
    from tests.simulation.log import Entry, Log, Row
    from tests.simulation.network import Network
    from tests.simulation.world import World

BESIDE = "stageline-generation-"
ROWS_PER_BATCH = 5  # small, so that one transaction has several record batches of one partition


class Builder:
    """A record batch being built; `append` answers None when it is full."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def append(self, *, timestamp: None, key: bytes | None, value: bytes | None, headers: object) -> object:
        del timestamp, headers
        if len(self.rows) == ROWS_PER_BATCH:
            return None
        self.rows.append((key, value))
        return self

    def record_count(self) -> int:
        return len(self.rows)


class Consumed(int):
    """A group's offset, with the metadata that came with it."""

    metadata = ""

    @classmethod
    def of(cls, offset: int | tuple[int, str]) -> Consumed:
        if isinstance(offset, int):
            return offset if isinstance(offset, cls) else cls(offset)
        made = cls(offset[0])
        made.metadata = offset[1]
        return made

    def told(self) -> OffsetAndMetadata:
        return OffsetAndMetadata(int(self), self.metadata)


class Producer:
    """A transactional producer. Record batches of one partition arrive in order, the others as they like."""

    def __init__(self, world: World, transactional_id: str) -> None:
        self._broker: Broker = world.broker
        self._network: Network = world.network
        self._world = world
        self._id = transactional_id
        self._epoch = -1
        self._txn_manager = self._sender = self  # aiokafka's, as far as the engine knows them
        self._empty: list[TopicPartition | None] = []
        self.producer_id = 0
        self._sending: list[asyncio.Task[SimpleNamespace]] = []
        self._in_order: dict[TopicPartition, asyncio.Lock] = {}

    async def start(self) -> None:
        self._epoch = await self._network.patient(lambda: self._broker.start_producer(self._id))

    async def stop(self) -> None:
        """An open transaction is left open: the next owner, or time, aborts it."""

    @property
    def producer_epoch(self) -> int:
        return self._epoch

    @property
    def connection(self) -> object:
        return None if self._network.broker_away else self._network.connection

    async def partitions_for(self, topic: str) -> set[int]:
        return await self._network.request(lambda: self._broker.partitions(topic))

    def create_batch(self) -> Builder:
        return Builder()

    async def begin_transaction(self) -> None:
        self._sending.clear()
        self._empty.clear()

    def maybe_add_partition_to_txn(self, target: TopicPartition) -> None:
        self._empty.append(target)

    async def _do_add_offsets_to_txn(self, _group: str) -> bool:
        self._empty.append(None)
        return True

    async def abort_transaction(self) -> None:
        """Abort, with markers in the partitions that were added."""
        await self._add()
        await self._network.patient(lambda: self._broker.abort(self._id, self._epoch))

    async def send_batch(
        self, builder: Builder, topic: str, *, partition: int
    ) -> asyncio.Task[SimpleNamespace]:
        target = self._world.place(topic, partition)
        task = asyncio.create_task(self._deliver(target, builder.rows))
        task.add_done_callback(_looked_at)
        self._sending.append(task)
        return task

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int | tuple[int, str]], group: str
    ) -> None:
        if group.startswith(BESIDE):
            return  # nobody asks for them: what is built beside knows its place from its changelog
        sent = {one: Consumed.of(offset) for one, offset in offsets.items()}
        await self._network.patient(lambda: self._broker.send_offsets(self._id, self._epoch, sent))

    async def commit_transaction(self) -> None:
        """Wait for what was sent, whatever became of it, and commit: so does aiokafka."""
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._add()
        await self._network.patient(lambda: self._broker.commit(self._id, self._epoch))

    async def _add(self) -> None:
        if self._empty:
            await self._network.patient(lambda: self._broker.add(self._id, self._epoch, self._empty))

    async def _deliver(self, target: TopicPartition, rows: list[Row]) -> SimpleNamespace:
        async with self._in_order.setdefault(target, asyncio.Lock()):
            if self._world.refuses():
                raise MessageSizeTooLargeError
            produce = partial(self._broker.produce, self._id, self._epoch, target, rows)
            return SimpleNamespace(offset=await self._network.patient(produce))


class Consumer:
    """Reads partitions: assigned by hand (recovery), or by the group (see `GroupConsumer`).

    `jumps`: over what is gone, to where the log begins; else that is an error.
    """

    def __init__(self, world: World, isolation_level: str, *, jumps: bool = True) -> None:
        self._broker: Broker = world.broker
        self._network: Network = world.network
        self._world = world
        self._committed_only = isolation_level == "read_committed"
        self._jumps = jumps
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._high: dict[TopicPartition, int] = {}
        self._coordinator = self  # aiokafka's, as far as the engine knows it
        self._stopped = False
        self._awaken: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        self._stopped = True

    def assign(self, partitions: list[TopicPartition]) -> None:
        self._positions = {one: self._broker.logs[one].start for one in partitions}
        self._high.clear()

    def seek(self, partition: TopicPartition, offset: int) -> None:
        assert partition in self._positions, f"{partition} is not assigned"
        self._positions[partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        assert self._positions.keys() >= set(partitions), "not assigned"
        self._paused |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused -= set(partitions)
        self._awaken()

    async def topics(self) -> set[str]:
        return {topic for topic, _number in self._broker.logs}

    async def position(self, partition: TopicPartition) -> int:
        return self._positions[partition]

    def highwater(self, partition: TopicPartition) -> int | None:
        return self._high.get(partition)

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        logs = self._broker.logs
        return await self._network.request(lambda: {one: logs[one].start for one in partitions})

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """A read_committed consumer is told the last stable offset."""
        logs = self._broker.logs
        return await self._network.request(lambda: {one: logs[one].stable_end for one in partitions})

    async def fetch_committed_offsets(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        answer = self._broker.fetch_committed
        found = await self._network.request(lambda: {one: answer(one) for one in partitions})
        return {one: Consumed.of(at).told() for one, at in found.items() if at is not None}

    async def getmany(self, *, timeout_ms: int, max_records: int = 500) -> dict[TopicPartition, list[Entry]]:
        """Fetch until something comes or the time is over; hand over in one step with moving the position."""
        ends = asyncio.get_running_loop().time() + timeout_ms / 1000
        while not self._stopped:
            changed = self._change()
            asked = {one: at for one, at in self._positions.items() if one not in self._paused}
            try:
                fetched = await self._network.request(partial(self._read, asked, max_records))
            except OffsetOutOfRangeError:
                raise
            except KafkaError:
                fetched = {}  # fetched again
            found = {one: rows for one, rows in fetched.items() if self._take(one, asked[one], *rows)}
            if found or self._is_over(ends):
                return {one: rows for one, (rows, _, _) in found.items() if rows}
            await _at_most(ends - asyncio.get_running_loop().time(), changed)
        raise ConsumerStoppedError

    def _take(self, one: TopicPartition, asked: int, _rows: list[Entry], after: int, high: int) -> bool:
        """Accept an answer, unless the partition was revoked, paused or moved while it was on its way."""
        if self._positions.get(one) != asked or one in self._paused:
            return False
        self._high[one] = high
        moved = after != asked
        self._positions[one] = after
        return moved

    def _read(
        self, asked: Mapping[TopicPartition, int], most: int
    ) -> dict[TopicPartition, tuple[list[Entry], int, int]]:
        logs = self._broker.logs
        most = min(most, self._world.fetch_records)
        return {one: (*self._read_one(logs[one], at, most), logs[one].end) for one, at in asked.items()}

    def _read_one(self, log: Log, at: int, most: int) -> tuple[list[Entry], int]:
        if not self._jumps and not log.start <= at <= log.end:
            raise OffsetOutOfRangeError
        return log.read(max(at, log.start), most, committed=self._committed_only)

    def _is_over(self, ends: float) -> bool:
        return asyncio.get_running_loop().time() >= ends

    def _change(self) -> asyncio.Future[None]:
        """Return what is done as soon as anything new is in any log."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaken = lambda: None if future.done() else future.set_result(None)
        self._broker.wake_on_change(self, self._positions, self._awaken)
        return future


def _looked_at(task: asyncio.Task[SimpleNamespace]) -> None:
    if not task.cancelled():
        task.exception()  # no warning when nobody asks: commit does not


async def _at_most(seconds: float, change: asyncio.Future[None]) -> None:
    if seconds > 0:
        await asyncio.wait([change], timeout=seconds)
