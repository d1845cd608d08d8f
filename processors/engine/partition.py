"""One owned source partition. Its producer, store and timers are one unit: they live and die together.

The guarantee rests on one thing, the epoch of the transactional id `{name}-{topic}-{partition}`: whoever
started its producer last is the only one whose transactions commit. A partition therefore opens in a fixed
order (fence, then recover, then find the offset), works in whole transactions, and is thrown away whole when
one fails. The consumer group only decides who tries; a wrong belief about who owns what costs time, never
correctness.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.engine.batch import NO_HEADERS, Batch
from processors.engine.crossing import cross, read_record
from processors.engine.fencing import Ownership, transactional_prefix
from processors.engine.history import homes_of, read_history
from processors.engine.metrics import Meter
from processors.engine.pace import PACE_S, next_limit
from processors.engine.place import BEGINNING
from processors.engine.recovery import (
    NO_BARRIER,
    PROGRESS_KEY,
    find_start,
    progress_row,
    restore,
    restore_timers,
)
from processors.engine.store import Covered, MemoryStore
from processors.engine.timers import Timers
from processors.engine.transaction import route
from processors.engine.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aiokafka import AIOKafkaConsumer

    from processors.engine.batch import Clock, History, Lived, Processor, Record
    from processors.engine.place import Place
    from processors.engine.shelf import Shelf
    from processors.engine.store import Store
    from processors.engine.transaction import Rows
    from processors.engine.turns import Turns


class Partition:
    """See the module. Only the task in `serve` writes; everybody else hands it records or a clock."""

    def __init__(
        self,
        source: TopicPartition,
        processor: Processor,
        consumer: AIOKafkaConsumer,
        bootstrap: str,
        turns: Turns,
        shelf: Shelf,
    ) -> None:
        self.source = source
        self.store: Store = MemoryStore()
        self.timers = Timers()
        self.place = BEGINNING  # of the source; everything before is committed and in the store
        self.ready = False  # opened
        self.processed = 0  # records, since it was opened
        self.transactions = 0
        self.due: int | None = None  # ms, UTC: the earliest timer; while a batch is decided, before it
        self.restore_left: int | None = None  # offsets of the changelog, while that is read
        self._processor = processor
        self._consumer = consumer
        self._bootstrap = bootstrap
        transactional_id = f"{transactional_prefix(processor.name, source.topic)}{source.partition}"
        self._ownership = Ownership(bootstrap, transactional_id, processor.name)
        self._counts: dict[str, int] = {}  # partitions of each topic written to
        self._written = BEGINNING  # what was told up to here may be folded again, but is not told again
        self._accepting = False
        self._given_up = False
        self._waiting = Waiting(source, consumer)
        self._batch: Batch | None = None
        self._asked: Batch | None = None  # the batch that ended because it needs what must be read first
        self._history: History | None = None  # for the batch that comes next
        self._rules: Record | None = None  # the barrier passed last
        self._lived: Lived | None = None  # for the batches that pass the next one
        self._now = 0  # ms, UTC, at the last tick
        self._wake = asyncio.Event()
        self._turns = turns
        self._shelf = shelf
        self._taken = False  # the store is one of the shelf's
        self._busy = asyncio.Lock()
        self._limit = next_limit(0, 0.0)  # records of the next batch
        self._meter = Meter(processor.name, source.topic)

    async def open(self) -> None:
        """Fence the former owner, recover, find where to read on. Each step relies on the one before."""
        await self._ownership.start_patiently()
        for topic in {*self._processor.outputs, self.source.topic}:
            self._counts[topic] = len(await self._ownership.producer.partitions_for(topic))
        await self._ownership.fence(self._targets())
        progress = None
        if self._changelog is not None:
            self.store, self._taken = await self._shelf.take(self._changelog), True
            progress = await restore(self._bootstrap, self._changelog, self.store, self._restoring)
        if self._processor.clock is not None:
            await restore_timers(self._processor.clock, self.store, self.timers)
            self.due = self.timers.next()
        if progress is not None and progress.barrier != NO_BARRIER:
            self._rules = await read_record(self._bootstrap, self.source, progress.barrier)
        committed = await self._ownership.committed_offset(self._consumer, self.source)
        self.place, self._written = await find_start(
            self._consumer, self.source, committed, progress, stateful=self._changelog is not None
        )
        if committed is None and progress is not None:
            # The group forgets what was consumed after a week without members: `promote` asks it.
            await self._ownership.commit({}, {self.source: self.place.to_commit()})
        self.ready = True

    @property
    def next_offset(self) -> int:
        """Return where to read on."""
        return self.place.offset

    @property
    def idle(self) -> bool:
        """Tell whether everything that was handed over is done."""
        return self._accepting and not self._waiting and not self._busy.locked()

    def _targets(self) -> Iterator[TopicPartition]:
        """Return every partition that may be written to."""
        for topic in self._processor.outputs:
            yield from (TopicPartition(topic, number) for number in range(self._counts[topic]))
        if self._processor.clock is not None:
            yield self.source
        if self._changelog is not None:
            yield self._changelog

    def _restoring(self, left: int) -> None:
        self.restore_left = left

    async def serve(self) -> None:
        """Work until given up and cancelled. Only after `hold`: between two transactions of ours.

        One that `make_sure` has open is for the next owner to end, as when `open` is cancelled.
        """
        while not self._given_up:
            await self._wake.wait()
            self._wake.clear()
            while self._has_work():
                started = time.monotonic()
                # While the coordinator is away, that waits: without a turn, and no rebalance waits for it.
                await self._ownership.make_sure()
                async with self._busy:
                    await self._work()
                await self._prepare()
                if len(self._waiting) < self._limit or (self._batch is not None and self._batch.waits):
                    await asyncio.sleep(started + PACE_S - time.monotonic())

    def accept(self) -> None:
        """Take records from now on; the consumer stands at `next_offset`."""
        self._accepting = True

    async def hold(self) -> None:
        """Forget what waits and return when no transaction is open."""
        self._accepting = False
        self._waiting.clear()
        async with self._busy:
            pass

    def give_up(self) -> None:
        """Let `serve` end, and cancel it, too: it may wait for long.

        To cancel it is not enough: a Kafka client that is just being closed takes that for its tasks' end.
        """
        self._given_up = True
        self._wake.set()

    def offer(self, records: Sequence[Record]) -> None:
        """Hand over fetched records. Those fetched before a rebalance moved the position are not accepted."""
        if self._accepting:
            self._waiting.add(records)
            self._wake.set()

    def tick(self, now: int) -> None:
        """Tell the time (ms, UTC): a timer may be due, or the coordinator be lost."""
        self._now = now
        self._wake.set()

    @property
    def at_work(self) -> int | None:
        """Return the offset of the record being processed, or processed last."""
        return None if self._batch is None else self._batch.offset

    async def close(self) -> None:
        """Give the store back and stop the producer."""
        if self._changelog is not None and self._taken:
            self._taken = False
            self._shelf.put_back(self._changelog, self.store)
        await self._ownership.stop()

    @property
    def _changelog(self) -> TopicPartition | None:
        topic = self._processor.changelog
        return None if topic is None else TopicPartition(topic, self.source.partition)

    def _has_work(self) -> bool:
        return self._accepting and bool(self._due_clock() or self._waiting or self._ownership.unsure)

    def _due_clock(self) -> Clock | None:
        """Return the clock if a timer is due and no clock record is under way."""
        is_due = self.timers.clock_sent is None and self.timers.is_due(self._now)
        return self._processor.clock if is_due else None

    async def _work(self) -> None:
        """Do one transaction, if there still is something to do: a rebalance may have come first.

        One that comes later waits, in `hold`; should the group not wait, fencing makes the commit fail.
        """
        if self._accepting and (clock := self._due_clock()) is not None:
            async with self._turns.committing:
                await self._send_clock(clock)
        elif self._waiting:
            await self._turns.take(self._decide, self._commit)

    async def _send_clock(self, clock: Clock) -> None:
        """Append the clock to the source itself, fenced like everything else; it comes back as a record."""
        self.timers.clock_sent = self._now
        if (value := clock.record(self._now)) is not None:
            await self._ownership.commit({self.source: [(b"", value, NO_HEADERS)]}, {})

    async def _decide(self) -> Batch | None:
        """Let the processor have the records that wait."""
        if not self._waiting:
            return None
        records = self._waiting.first(self._limit, below=self._written.offset)
        self._batch = batch = Batch(
            source=self.source,
            records=records,
            store=self.store,
            timers=self.timers,
            next_offset=records[-1].offset + 1,
            history=self._history,
            rules=None if self._rules is None else self._rules.value,
            lived=self._lived,
        )
        self._history = None
        started = time.perf_counter()
        work = partial(self._processor.process, batch)
        seconds = await self._turns.decide(work, len(records), unlocked=self._processor.unlocked)
        if batch.waits and batch.next_offset == records[0].offset:
            return None
        self._limit = next_limit(len(records), seconds)
        self._meter.processed(time.perf_counter() - started)
        self.due = self.timers.next()
        return batch

    async def _commit(self, batch: Batch) -> None:
        """Turn what was decided into one transaction."""
        decided = time.perf_counter()
        finished = self._waiting.drop(batch.records, batch.next_offset)
        after = self.place.after(batch)
        silent = after <= self._written
        rows = self._rows(batch, after)
        consumed = {} if silent else {self.source: after.to_commit()}
        ends = await self._ownership.commit(rows, consumed)
        self.store.apply(batch.states, self._covered(rows, ends))
        self.place = after
        self.processed += finished
        self.transactions += 1
        if not silent:
            self._meter.committed(batch, rows, finished, time.perf_counter() - decided)
        if batch.passed is not None:
            self._rules, self._lived = batch.passed, None
        self._asked = batch if batch.wanted or batch.crossing else None
        if self._accepting:
            self._waiting.resume()

    async def _prepare(self) -> None:
        """Read what the last batch asked for, if anything, while others take turns.

        A rebalance does not wait for it: that may take minutes, and the group has patience for seconds. A
        partition that stays goes on reading, as nobody else moves it; one that goes is cancelled here.
        """
        batch, self._asked = self._asked, None
        if batch is not None and batch.wanted:
            self._history = await read_history(self._bootstrap, self._homes(batch.wanted))
        if batch is not None and batch.crossing is not None:
            self._lived = await cross(self._bootstrap, self.source, batch, self._homes)

    def _homes(self, keys: Iterable[bytes]) -> dict[bytes, TopicPartition]:
        """Return the source partition of each key."""
        topic = self.source.topic
        return homes_of(topic, self._counts[topic], keys)

    def _rows(self, batch: Batch, after: Place) -> Rows:
        rows = route(self.place.outputs(batch, self._written), self._counts)
        if self._changelog is not None:
            rows[self._changelog] = [(key, state, NO_HEADERS) for key, state in batch.states.items()]
            rules = batch.passed or self._rules
            barrier = NO_BARRIER if rules is None else rules.offset
            progress = progress_row(after, batch.contacts_after(), barrier)
            rows[self._changelog].append((PROGRESS_KEY, progress, NO_HEADERS))
        return rows

    def _covered(self, rows: Rows, ends: Mapping[TopicPartition, int]) -> Covered | None:
        """Return how much of the changelog there is in the store, with these rows."""
        if self._changelog is None or self._changelog not in ends:
            return None
        return Covered(ends[self._changelog], rows[self._changelog][-1][1])
