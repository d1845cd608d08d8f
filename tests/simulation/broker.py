"""The simulated broker: topics, transaction coordinator, group offsets. Each method is one request arriving.

What matters of Kafka's protocol is kept: starting a producer bumps the epoch of its transactional id and
aborts what was open; an older epoch is refused; a commit is decided at once, but its markers and offsets
appear later, each at a time of its own, and until then the id is busy; what is open for too long is aborted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from aiokafka.errors import ConcurrentTransactions, InvalidProducerEpoch, ProducerFenced

from tests.simulation.log import ABORTED, COMMITTED, Log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from random import Random

    from tests.simulation.log import Row
    from tests.simulation.loop import SimulatedLoop


@dataclass(slots=True, kw_only=True, eq=False)
class Transaction:
    """`markers`: where they are to be written yet, once it is decided; None: among the group's offsets."""

    since: float
    targets: list[TopicPartition | None] = field(default_factory=list)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    ending: bool = False
    markers: list[TopicPartition | None] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class TransactionalId:
    """What the coordinator knows of a transactional id."""

    epoch: int = -1
    open: Transaction | None = None
    committed: bool = False  # the last transaction of this epoch
    missing: set[TopicPartition | None] = field(default_factory=set)  # where one's marker was left out
    offsets: dict[TopicPartition, int] = field(default_factory=dict)  # the group waits for their marker


class Broker:
    """See the module. `epoch_ms` is the wall clock at the loop's time 0."""

    epoch_ms = 1_780_000_000_000

    def __init__(self, loop: SimulatedLoop, chance: Random, partitions: Mapping[str, int]) -> None:
        places = [TopicPartition(topic, n) for topic, count in partitions.items() for n in range(count)]
        self.logs = {place: Log(topic=place.topic, partition=place.partition) for place in places}
        self.committed: dict[TopicPartition, int] = {}
        self.behind: dict[TopicPartition, int] | None = None
        self.forgetful = 0.0  # how likely a marker is left out when a transaction is aborted by another
        self.undecidable = False  # an owner died after the question how its predecessor's transaction ended
        self.decided: dict[TopicPartition, int] = {}  # `committed`, as soon as a commit is certain
        self.marker_delay = 0.01
        self.settled: Callable[[str], None] = lambda _id: None
        self._ids: dict[str, TransactionalId] = {}
        self._loop = loop
        self._chance = chance
        self._wakes: dict[TopicPartition, dict[object, Callable[[], None]]] = {}

    def now_ms(self) -> int:
        """Return the wall clock (ms)."""
        return self.epoch_ms + int(self._loop.time() * 1000)

    def partitions(self, topic: str) -> set[int]:
        """Return the partitions of a topic."""
        return {number for name, number in self.logs if name == topic}

    def publish(self, source: TopicPartition, rows: Iterable[Row]) -> None:
        """Append what a publisher sends."""
        self._append(source, rows, None)

    def start_producer(self, name: str) -> int:
        """Give out the next epoch of a transactional id, once nothing of it is open."""
        known = self._ids.setdefault(name, TransactionalId())
        if known.open is not None:
            if not known.open.ending:
                self._fence(name, known.open)
            raise ConcurrentTransactions
        known.epoch += 1
        self.undecidable |= bool(known.missing) and not known.committed
        known.committed = False
        return known.epoch

    def last_transaction(self, name: str) -> tuple[int, bool]:
        """Return the epoch of an id, and whether its last transaction was decided to commit."""
        known = self._ids.get(name, TransactionalId())
        return known.epoch, known.committed

    def produce(self, name: str, epoch: int, target: TopicPartition, rows: Iterable[Row]) -> int:
        """Append records as part of the id's transaction, begun if need be; return where the first one is."""
        self.add(name, epoch, [target])
        first = self.logs[target].end
        self._append(target, rows, name)
        return first

    def add(self, name: str, epoch: int, targets: Iterable[TopicPartition | None]) -> None:
        """Make partitions part of the id's transaction, begun if need be."""
        transaction = self._transaction(name, epoch)
        transaction.targets += (one for one in targets if one not in transaction.targets)

    def send_offsets(self, name: str, epoch: int, offsets: Mapping[TopicPartition, int]) -> None:
        """Make consumed offsets part of the id's transaction; what was committed before can be read then."""
        self.add(name, epoch, [None])
        self._transaction(name, epoch).offsets.update(offsets)
        self._ids[name].offsets.update(offsets)
        self.behind = None

    def fetch_committed(self, source: TopicPartition) -> int | None:
        """Return a consumed offset, an old one while the group's coordinator is `behind`."""
        return (self.committed if self.behind is None else self.behind).get(source)

    def commit(self, name: str, epoch: int) -> None:
        """Decide the id's transaction; a repeated request finds it decided."""
        known = self._known(name, epoch)
        if known.open is not None and not known.open.ending:
            self.decided.update(known.open.offsets)
            self._end(name, known.open, COMMITTED)

    def abort(self, name: str, epoch: int) -> None:
        """End the id's transaction at its producer's wish."""
        known = self._known(name, epoch)
        if known.open is not None and not known.open.ending:
            self._end(name, known.open, ABORTED)

    def expire_transactions(self, timeout: float) -> None:
        """Abort what is open for longer than `timeout` seconds; its producer is fenced by that."""
        for name, known in self._ids.items():
            if known.open and not known.open.ending and self._loop.time() - known.open.since > timeout:
                self._fence(name, known.open)

    def fence_all(self) -> None:
        """Abort what is open and refuse every producer of now."""
        for name, known in self._ids.items():
            if known.open is None:
                known.epoch += 1
            elif not known.open.ending:
                self._fence(name, known.open)

    def open_transactions(self) -> int:
        """Return how many transactions are begun and not decided."""
        return sum(known.open is not None and not known.open.ending for known in self._ids.values())

    def is_settled(self, name: str) -> bool:
        """Tell whether nothing of a transactional id is open, also not for want of a marker."""
        known = self._ids.get(name, TransactionalId())
        return not (known.open or known.offsets or any(log.is_open(name) for log in self.logs.values()))

    def wake_on_change(
        self, reader: object, places: Iterable[TopicPartition], wake: Callable[[], None]
    ) -> None:
        """Call `wake` when next anything becomes readable there; a reader waits for one thing at a time."""
        for place in places:
            self._wakes.setdefault(place, {})[reader] = wake

    def _known(self, name: str, epoch: int) -> TransactionalId:
        known = self._ids[name]
        if known.epoch != epoch:
            raise self._chance.choice([ProducerFenced, InvalidProducerEpoch])
        return known

    def _transaction(self, name: str, epoch: int) -> Transaction:
        known = self._known(name, epoch)
        if known.open is None:
            known.open = Transaction(since=self._loop.time())
        elif known.open.ending:
            raise ConcurrentTransactions
        return known.open

    def _append(self, target: TopicPartition, rows: Iterable[Row], writer: str | None) -> None:
        self.logs[target].append(rows, self.now_ms(), writer)
        self._changed(target)

    def _fence(self, name: str, transaction: Transaction) -> None:
        """Abort a producer's transaction and refuse it from now on."""
        known = self._ids[name]
        known.epoch += 1
        self.undecidable |= bool(known.missing)
        transaction.targets = [one for one in transaction.targets if self._chance.random() >= self.forgetful]
        self._end(name, transaction, ABORTED)

    def lose_markers(self) -> None:
        """Go down while markers are being written; come up and leave out those of some partitions."""
        for name, known in self._ids.items():
            if known.open is not None:
                for where in tuple(known.open.markers):
                    if self._chance.random() < 0.5:
                        self._mark(name, known.open, where, None)

    def _end(self, name: str, transaction: Transaction, status: str) -> None:
        """Write the markers, in any order, then take the id for settled."""
        transaction.ending = True
        transaction.markers = [*transaction.targets]
        self._ids[name].committed = status == COMMITTED
        if not transaction.markers:
            self._ids[name].open = None
        for where in tuple(transaction.markers):
            write = partial(self._mark, name, transaction, where, status)
            self._loop.later(self._chance.uniform(0, self.marker_delay), write)

    def _mark(
        self, name: str, transaction: Transaction, where: TopicPartition | None, status: str | None
    ) -> None:
        """Write a marker, or (status None) leave it out; the last one settles the id."""
        if where not in transaction.markers:
            return
        transaction.markers.remove(where)
        known = self._ids[name]
        known.missing.discard(where)
        if status is None and known.committed:
            known.missing.add(where)
        if where is not None and status is not None:
            self.logs[where].settle(name, status)
            self._changed(where)
        elif status is not None:
            self.committed.update(known.offsets if status == COMMITTED else {})
            known.offsets.clear()
        if not transaction.markers:
            known.open = None
            self.settled(name)

    def _changed(self, place: TopicPartition) -> None:
        for wake in self._wakes.pop(place, {}).values():
            wake()
