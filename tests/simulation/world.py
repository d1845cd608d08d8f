"""The simulated world: a broker, a network, and the engine's own modules running as several processes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn
from unittest.mock import patch

from aiokafka import TopicPartition

from processors.engine import (
    crossing,
    fencing,
    member,
    pace,
    partition,
    recovery,
    standby,
    started,
    transaction,
)
from processors.engine.fencing import Last, Owner
from processors.engine.member import Member
from processors.engine.standby import Standby
from processors.engine.turns import Turns
from tests.simulation.broker import Broker
from tests.simulation.clients import Consumer, Producer
from tests.simulation.disks import Disk, DiskShelf
from tests.simulation.group import Group
from tests.simulation.group_consumer import GroupConsumer
from tests.simulation.loop import PROCESS, SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.reminding import CHANGELOG, OUT, SOURCE, Reminding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from random import Random

    from processors.engine.batch import Processor
    from processors.engine.shelf import Shelf

LOOK_S = 0.25  # how often coordinators look at their clocks


class SimulatedMember(Member):
    """The engine's member; only its timers go by the loop's clock, where mode's measure a drift."""

    async def itertimer(self, interval: Any, **_: object) -> AsyncIterator[float]:  # noqa: ANN401 - mode's own
        while not self.should_stop:
            await self.sleep(interval)
            yield interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """What the workers run, and its topics: `alike` have as many partitions as the source."""

    source: str
    alike: tuple[str, ...]
    others: tuple[str, ...]
    processor: Callable[[], Processor]


REMINDED = Cast(source=SOURCE, alike=(CHANGELOG,), others=(OUT,), processor=Reminding)


class World:
    """See the module. `workers`: the processes that are alive, frozen ones included."""

    def __init__(self, chance: Random, cast: Cast = REMINDED) -> None:
        self.chance = chance
        self.cast = cast
        self.loop = SimulatedLoop(chance)
        self.sources = chance.randint(1, 3)
        counts = dict.fromkeys((cast.source, *cast.alike), self.sources)
        counts |= {name: chance.randint(1, 2) for name in cast.others}
        self.network = Network(self.loop, chance)
        self.broker = Broker(self.loop, chance, counts)
        self.group = Group(self.places(cast.source), chance, member.SESSION_MS / 1000)
        self.heartbeat = member.HEARTBEAT_MS / 1000
        self.fetch_records = chance.choice([3, 10, 500])
        self.refusing = 0.0  # how likely the broker refuses a record batch
        self.workers: dict[str, SimulatedMember] = {}
        self.disks: list[Disk] = []
        self._keeps = chance.random() < 0.5  # local state
        self.ends: list[str] = []  # the errors that ended processes
        self._names = 0
        self._look()

    def place(self, topic: str, number: int) -> TopicPartition:
        return TopicPartition(topic, number)

    def places(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(self.sources)]

    def new_name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}-{self._names}"

    def refuses(self) -> bool:
        return self.chance.random() < self.refusing

    def start_worker(self) -> None:
        """Start a process with the engine in it."""
        name = self.new_name("worker")
        self.loop.spawn(name, self._live(name))

    def kill(self, name: str) -> None:
        """SIGKILL: it does nothing more; what it has sent arrives."""
        self.loop.halt(name)
        self.workers.pop(name, None)

    def terminate(self, name: str) -> None:
        """SIGTERM: it ends by itself in a while."""
        self.loop.spawn(name, self._stop(name))

    def supervise(self, wanted: int) -> None:
        """Start what is missing."""
        for _ in range(wanted - len(self.workers)):
            self.start_worker()

    def end_process(self, error: BaseException, *_place: object) -> NoReturn:
        """Stand in for the engine's own: the process of whoever calls is gone."""
        self.ends.append(type(error).__name__)
        self.kill(PROCESS.get())
        raise asyncio.CancelledError

    @contextmanager
    def running(self) -> Iterator[None]:
        """Put the simulation in the place of aiokafka and the wall clock."""
        wall = self.broker.now_ms
        clock = SimpleNamespace(
            time=lambda: wall() / 1000, monotonic=self.loop.time, perf_counter=self.loop.time
        )
        batch = self.chance.choice([2, 7, 4_000])
        fakes: list[tuple[Any, str, Any]] = [
            (member, "_make_consumer", lambda *_: GroupConsumer(self)),
            (member, "time", clock),
            (member, "end_process", self.end_process),
            (standby, "end_process", self.end_process),
            *((module, "AIOKafkaConsumer", self._make_reader) for module in (recovery, crossing, started)),
            (fencing, "last_transaction", self._last_transaction),
            (fencing, "coordinator_connection", lambda producer: producer.connection),
            (fencing, "say_something", lambda *_: asyncio.sleep(0)),
            (transaction, "TransactionalProducer", lambda **given: Producer(self, given["transactional_id"])),
            (partition, "time", clock),
            (pace, "MIN_BATCH", batch),
            (pace, "MAX_BATCH", batch),
            (Turns, "decide", self._decide),
        ]
        log = logging.getLogger("processors")
        level = log.level
        log.setLevel(logging.CRITICAL)
        with ExitStack() as stack:
            for module, name, fake in fakes:
                stack.enter_context(patch.object(module, name, fake))
            try:
                yield
            finally:
                self._take_down()
                log.setLevel(level)

    async def _decide(self, work: Callable[[], None], _records: int, *, unlocked: bool) -> float:
        """Do it at one moment of the time that it takes; what else happens meanwhile is chance."""
        del unlocked  # that is decided beside everything else, too
        await asyncio.sleep(self.chance.random() * 0.2)
        work()
        await asyncio.sleep(self.chance.random() * 0.2)
        return 0.0

    async def _last_transaction(self, _bootstrap: str, name: str) -> Last:
        epoch, committed = await self.network.request(lambda: self.broker.last_transaction(name))
        return Last(Owner(0, epoch), committed)

    def _make_reader(self, **given: str) -> Consumer:
        jumps = given.get("auto_offset_reset") != "none"
        return Consumer(self, given.get("isolation_level", "read_uncommitted"), jumps=jumps)

    async def _live(self, name: str) -> None:
        shelf = await self._standing_by(self._shelf(name))
        self.workers[name] = SimulatedMember(self.cast.processor(), "simulated", shelf, loop=self.loop)
        await self.workers[name].start()

    def _shelf(self, name: str) -> Shelf | None:
        """Give a process a disk that nobody uses, often one with something on it."""
        if not self._keeps:
            return None
        free = [disk for disk in self.disks if disk.holder not in self.workers]
        if not free or self.chance.random() < 0.2:
            self.disks.append(Disk(holder=name))
            free = self.disks[-1:]
        disk = self.chance.choice(free)
        disk.holder = name
        return DiskShelf(disk)

    async def _standing_by(self, shelf: Shelf | None) -> Shelf | None:
        """Let some of those that keep local state keep it warm."""
        if shelf is None or self.chance.random() < 0.5:
            return shelf
        changelogs = [place for topic in self.cast.alike for place in self.places(topic)]
        copies = Standby(shelf, "simulated", changelogs, loop=self.loop)
        await copies.start()
        return copies

    async def _stop(self, name: str) -> None:
        await self.workers[name].stop()
        self.kill(name)

    def _look(self) -> None:
        """What coordinators do from time to time."""
        if not self.network.broker_away:
            self.broker.expire_transactions(transaction.TRANSACTION_TIMEOUT_MS / 1000)
            self.group.look(self.loop.time())
        self.loop.later(LOOK_S, self._look)

    def _take_down(self) -> None:
        """End every task in order, so that nothing is left half done for the garbage collector."""
        self.network.broker_away = False
        self.loop.resume_all()
        while tasks := asyncio.all_tasks(self.loop):
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=30))
        self.loop.close()
