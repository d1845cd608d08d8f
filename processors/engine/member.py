"""One processor's membership of its consumer group: fetches records for the partitions it owns."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import ConsumerStoppedError
from mode import Service

from processors.engine.failure import end_process
from processors.engine.look import Look, look_at, reading
from processors.engine.metrics import FENCED
from processors.engine.partition import Partition
from processors.engine.shelf import MemoryShelf
from processors.engine.started import start
from processors.engine.transaction import is_fenced
from processors.engine.turns import Turns
from schemas.kafka_access import kafka_access

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from processors.engine.batch import Processor
    from processors.engine.shelf import Shelf

log = logging.getLogger(__name__)

SESSION_MS = 6_000  # the shortest that brokers allow by default: a dead worker's partitions move after it
HEARTBEAT_MS = 1_000  # also how soon the others hear of a rebalance
FETCH_WAIT_MS = 100  # a partition resumed while a fetch is under way waits for it this long at most
PARTITION_FETCH_BYTES = 512 << 10  # one fetch of 8 partitions is about 30,000 small events
CLOCK_S = (
    1.0  # how often timers are looked at: how late one may fire, and how many clock records there may be
)
REOPEN_S = 8.0  # longer than a session: by then a worker that only believed itself the owner knows better
CLOSE_S = 5.0  # a producer whose broker does not answer is given up after this
ENDING_S = 60.0  # a task that was told to end, with the batch that its thread is deciding
REPORT_S = 10.0


class EndlessTaskError(Exception):
    """A partition was given up, and its task goes on: its store cannot be another's in this process."""


class Member(Service):
    """Owns a `Partition` for each source partition the group assigns to it.

    Rebalances are eager: all is revoked, then assigned anew. A partition that stays keeps its producer and
    store, because the epoch of its producer alone says whether they are current.
    """

    def __init__(
        self,
        processor: Processor,
        bootstrap: str,
        shelf: Shelf | None = None,
        **service: Any,  # noqa: ANN401 - passed on
    ) -> None:
        super().__init__(**service)
        self.partitions: dict[TopicPartition, Partition] = {}
        self._processor = processor
        self._bootstrap = bootstrap
        self._shelf = shelf or MemoryShelf()
        self.joined = False  # has an assignment, if only of nothing
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._serving: dict[TopicPartition, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._turns = Turns()
        self._consumer: AIOKafkaConsumer = None  # made by on_start: it needs the running loop

    @property
    def label(self) -> str:
        """Name the service in the log."""
        return self._processor.name

    def ready(self) -> bool:
        """Tell whether every assigned partition is open."""
        return all(tp in self.partitions and self.partitions[tp].ready for tp in self._assigned)

    def status(self) -> dict[str, int]:
        """Return what the health page tells."""
        partitions = self.partitions.values()
        return {
            "assigned": len(self._assigned),
            "open": sum(partition.ready for partition in partitions),
            "contacts": sum(len(partition.store) for partition in partitions),
            "timers": sum(len(partition.timers) for partition in partitions),
        }

    def reached(self, source: TopicPartition) -> int | None:
        """Tell up to which offset a partition is done here; None if it is another's."""
        if source not in self._assigned:
            return None
        partition = self.partitions.get(source)
        return 0 if partition is None else partition.next_offset

    def looks(self) -> list[Look]:
        """Look at every partition."""
        return [
            look_at(partition, reading(self._consumer, source) if source in self._assigned else None)
            for source, partition in self.partitions.items()
        ]

    async def on_start(self) -> None:
        """Join the group; the assignment comes later."""
        self._consumer = _make_consumer(self._bootstrap, self._processor.name)
        await start(self._consumer)
        self._consumer.subscribe(self._processor.sources, listener=_Rebalance(self))

    async def on_stop(self) -> None:
        """Finish the open transactions, then leave the group, so that others take over at once."""
        if self._consumer is None:
            return
        await _at_most(CLOSE_S, self.hold())  # with no broker to answer, the next owner's fencing aborts them
        await _at_most(CLOSE_S, self._consumer.stop())
        for source in list(self.partitions):
            self._discard(source)
        await asyncio.gather(*self._background)

    async def hold(self) -> None:
        """Stop all work between two transactions; called before every rebalance."""
        self.joined = False
        self._assigned = frozenset()
        await asyncio.gather(*(partition.hold() for partition in self.partitions.values()))

    def assign(self, assigned: Iterable[TopicPartition]) -> None:
        """Take over what the group assigned; recovery is background work, the group does not wait."""
        if self.should_stop:
            return
        self._assigned = frozenset(assigned)
        self.joined = True
        log.info("assigned group=%s partitions=%s", self.label, _listed(self._assigned))
        for source in self.partitions.keys() - self._assigned:
            self._discard(source)
        if self._assigned:
            self._consumer.pause(*self._assigned)
        for source in self._assigned:
            if source in self.partitions:
                self._activate(self.partitions[source])
            else:
                self._open(source)

    def _open(self, source: TopicPartition) -> None:
        partition = Partition(
            source, self._processor, self._consumer, self._bootstrap, self._turns, self._shelf
        )
        self.partitions[source] = partition
        self._serving[source] = asyncio.create_task(self._serve(partition))

    async def _serve(self, partition: Partition) -> None:
        try:
            started = time.monotonic()
            await partition.open()
            log.info(
                "open topic=%s partition=%d contacts=%d offset=%d seconds=%.2f",
                *partition.source,
                len(partition.store),
                partition.next_offset,
                time.monotonic() - started,
            )
            self._activate(partition)
            await partition.serve()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - every error ends here, with the process; a panic is no Exception
            if not is_fenced(error):
                end_process(error, partition.source, partition.at_work)
            self._fenced(partition)

    def _activate(self, partition: Partition) -> None:
        """Let records flow from where the partition stands; the consumer may be anywhere else."""
        source = partition.source
        if partition.ready and source in self._assigned and self.partitions.get(source) is partition:
            self._consumer.seek(source, partition.next_offset)
            self._consumer.resume(source)
            partition.accept()
            if self.ready():
                log.info("ready group=%s partitions=%d", self.label, len(self._assigned))

    def _fenced(self, partition: Partition) -> None:
        """Give up the partition: nothing of its last batch counts. Reopen it if it stays assigned to us."""
        log.warning("fenced topic=%s partition=%d", *partition.source)
        FENCED.labels(self.label).inc()
        if partition.source in self._assigned:
            self._consumer.pause(partition.source)
        self._discard(partition.source)
        self._run(self._reopen(partition.source))

    async def _reopen(self, source: TopicPartition) -> None:
        await self.sleep(REOPEN_S)
        if source in self._assigned and source not in self.partitions and not self.should_stop:
            self._open(source)

    def _discard(self, source: TopicPartition) -> None:
        """Drop a partition's store and stop its task and producer, without waiting for them."""
        partition, task = self.partitions.pop(source), self._serving.pop(source)
        self._run(_close(partition, task))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @Service.task
    async def _fetch(self) -> None:
        try:
            while not self.should_stop:
                for source, records in (await self._consumer.getmany(timeout_ms=1_000)).items():
                    if source in self.partitions:
                        self.partitions[source].offer(records)
        except ConsumerStoppedError:
            return
        except Exception as error:  # noqa: BLE001 - as in _serve
            end_process(error)

    @Service.timer(CLOCK_S)
    async def _tick(self) -> None:
        now = int(time.time() * 1000)
        for partition in self.partitions.values():
            partition.tick(now)

    @Service.timer(REPORT_S)
    async def _report(self) -> None:
        for partition in self.partitions.values():
            if partition.transactions:
                log.info(
                    "progress topic=%s partition=%d offset=%d records=%d batches=%d contacts=%d timers=%d",
                    *partition.source,
                    partition.next_offset,
                    partition.processed,
                    partition.transactions,
                    len(partition.store),
                    len(partition.timers),
                )


class _Rebalance(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    """aiokafka's callbacks. It logs and forgets their errors, so they do nothing but call the member."""

    def __init__(self, member: Member) -> None:
        self._member = member

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        del revoked  # eager: always all
        await self._member.hold()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        try:
            self._member.assign(assigned)
        except Exception as error:  # noqa: BLE001 - as in Member._serve
            end_process(error)


async def _close(partition: Partition, task: asyncio.Task[None]) -> None:
    partition.give_up()
    task.cancel()  # it waits for work, or recovers; when it was fenced it has just ended
    _ended, at_work = await asyncio.wait([task], timeout=ENDING_S)  # the store is its own until then
    if at_work:
        end_process(EndlessTaskError(), partition.source, partition.at_work)
    await _at_most(CLOSE_S, partition.close())


async def _at_most(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    await asyncio.wait([task], timeout=seconds)
    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
        log.warning("it did not end as it should: %s", type(error).__name__)


def _make_consumer(bootstrap: str, group: str) -> AIOKafkaConsumer:
    # aiokafka keeps a sticky assignor's memory on the class: each consumer of a process needs its own class.
    assignor = type("Assignor", (StickyPartitionAssignor,), {})
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        client_id=group,
        isolation_level="read_committed",
        enable_auto_commit=False,  # offsets travel in the transactions
        auto_offset_reset="earliest",
        partition_assignment_strategy=[assignor],
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        **kafka_access(),
    )


def _listed(partitions: Iterable[TopicPartition]) -> str:
    return ",".join(f"{topic}-{number}" for topic, number in sorted(partitions)) or "none"
