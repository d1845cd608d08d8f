"""A batch: what one transaction will hold. Nothing in it is visible to anyone before the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections import deque

    from aiokafka import TopicPartition

    from processors.engine.store import Store
    from processors.engine.timers import Timers

Headers = list[tuple[str, bytes | None]]  # a list, because that is what record batches are built from
NO_HEADERS: Headers = []  # shared: never changed
_value = attrgetter("value")


class Record(Protocol):
    """What the engine reads of a consumed record; aiokafka's records are such. `timestamp` is in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


History = Mapping[bytes, Sequence[Record]]  # every record of some keys, in log order


def bytes_of(records: Iterable[Record]) -> int:
    """Add up the sizes of their values: nearly all of the memory that they take."""
    return sum(map(len, filter(None, map(_value, records))))


class Output(NamedTuple):
    """One record to write; murmur2 of the key gives the partition, as everywhere."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = NO_HEADERS


@dataclass(slots=True, kw_only=True)
class Batch:
    """Consecutive records of one partition, `source`, on their way through a processor.

    The processor fills `states` (None deletes) and `outputs`. It may stop early by lowering
    `next_offset`: the records from there on come again in the next batch. The last `begun` of the outputs
    are of the first of these, which is done in part. If it stops because that one needs all that the source
    ever held of some keys, it says which in `wanted`; the next batch then has it in `history`. If it stops
    because another partition has to come first, it `waits`. `offset` is
    the record at work, for the error message; `oldest` the first event, for the metrics, if there is one
    that was published.

    A barrier is a record after which other rules decide. `rules` is the value of the one passed last. To
    pass one, the processor stops before it and says in `crossing` what it needs; the batches that begin with
    it then have that in `lived`, until one of them says in `passed` that everybody has gone over.
    """

    source: TopicPartition
    records: Sequence[Record]
    store: Store
    timers: Timers
    next_offset: int
    history: History | None = None
    wanted: tuple[bytes, ...] = ()
    waits: bool = False
    rules: bytes | None = None
    lived: Lived | None = None
    crossing: Crossing | None = None
    passed: Record | None = None
    offset: int = -1
    oldest: dict[str, Any] | None = None
    states: dict[bytes, bytes | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    begun: int = 0

    def state(self, key: bytes) -> bytes:
        """Return a contact's state as this batch sees it; empty for a contact never seen."""
        if key in self.states:
            return self.states[key] or b""
        return self.store.get(key) or b""

    def contacts_after(self) -> int:
        """Count the contacts that the store has once `states` are in it."""
        new = list(map(self.store.get, self.states)).count(None)
        return len(self.store) + new - list(self.states.values()).count(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """How to pass a barrier: `living` applies the new rules to all of the source's history, None in place.

    `has_gone_over` tells it of a state; so a crash on the way repeats nothing.
    """

    living: Processor | None
    has_gone_over: Callable[[bytes], bool]


@dataclass(slots=True, kw_only=True)
class Lived:
    """States as the new rules would have had them at the barrier; `left` still go by the old ones."""

    states: Store
    left: deque[bytes]


class Clock(Protocol):
    """How a processor with timers is told the time: through its source topic."""

    def next_due(self, state: bytes) -> int | None:
        """Return when a contact needs the clock next (ms, UTC)."""

    def record(self, at: int) -> bytes | None:
        """Return the value of the record that says it is `at` (ms, UTC); None: others write it."""


class Processor(Protocol):
    """What the engine runs: a plain function over a batch, no I/O.

    `name` is the consumer group and the prefix of the transactional ids. `changelog` None: keeps no state.
    `outputs` names every topic that `process` writes to. `clock` None: has no timers. `unlocked`: it computes
    without the interpreter's lock, so that a thread is another core's work.
    """

    name: str
    sources: tuple[str, ...]
    changelog: str | None
    outputs: tuple[str, ...]
    clock: Clock | None
    unlocked: bool

    def process(self, batch: Batch) -> None:
        """Fill the batch, and touch nothing else: it may be in a thread. An exception ends the process."""
