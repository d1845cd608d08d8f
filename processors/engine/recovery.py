"""Recovery: fill a partition's store from its changelog, whole record batches at a time.

It starts only after the partition's transactional producer has fenced the former owner. From then on nothing
more can be added to the changelog, and the former owner's last transaction has ended.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import OffsetOutOfRangeError

from processors.engine.emptied_markers import tolerate_emptied_markers
from processors.engine.place import BEGINNING, Place
from processors.engine.started import start
from processors.engine.store import Covered
from schemas.errors import LifecycleError
from schemas.kafka_access import kafka_access

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiokafka import TopicPartition

    from processors.engine.batch import Clock
    from processors.engine.store import Store
    from processors.engine.timers import Timers

# The changelog also says how far it goes: under this key stand the next source offset, how many contacts
# there are up to it, the offset of the barrier passed last (-1: none), and what was told of the record there
# (see `Place`). No contact has this key, since ids hold no control characters; compaction keeps the newest.
PROGRESS_KEY = b"\x00progress"
NO_BARRIER = -1
FETCH_BYTES = 8 << 20  # per request; about 30,000 typical states
END_MS = 50  # at the end of the log a fetch waits this long for nothing
LOOK_MS = 100  # a look for rows: longer than such a fetch
# Few enough to die young: of 20,000 at once the garbage collector goes through all again and again.
ROWS_AT_ONCE = 500
log = logging.getLogger(__name__)

HANGING_S = 60.0  # any other transaction ends within 20 s: its time-out, and coordinators look every 10 s
STEP = 10_000  # contacts whose timers are read between two looks at the event loop


class Progress(NamedTuple):
    """What a changelog covers: everything up to `place`, by the rules of the record at `barrier`."""

    place: Place
    barrier: int


class SourceReplacedError(LifecycleError):
    """The source ends before what was consumed of it: it was truncated, or deleted and made again."""

    def __init__(self, source: TopicPartition, *, consumed: int, end: int) -> None:
        super().__init__(
            f"Topic {source.topic}, partition {source.partition} ends at offset {end}, but was consumed up to"
            f" {consumed}: it was truncated or made anew. Restore it, or start over with a new set of topics."
        )


class Standstill:
    """Says it, once a minute, when recovery stands before a transaction that does not end.

    The one writer of this partition was fenced before, in the partition itself, which ends all that it left
    open. So it is a stranger's, or the producer id has changed since: only an operator can abort that.
    """

    def __init__(self, changelog: TopicPartition) -> None:
        self._changelog = changelog
        self._left: int | None = None
        self._since = time.monotonic()

    def look(self, left: int) -> None:
        """Take note of how many offsets are left now."""
        if left != self._left:
            self._left, self._since = left, time.monotonic()
        elif time.monotonic() - self._since > HANGING_S:
            self._since = time.monotonic()
            log.error(
                "waiting for a transaction that does not end topic=%s partition=%d left=%d:"
                " find and abort it with kafka-transactions.sh (find-hanging, abort)",
                *self._changelog,
                left,
            )


async def restore(
    bootstrap: str, changelog: TopicPartition, store: Store, restoring: Callable[[int], None]
) -> Progress | None:
    """Read the changelog to its end into `store`, from where that stands on; return what it covers.

    `restoring` is told how many offsets are left.

    The end is told by position, not by the last record: compaction and transaction markers leave gaps.
    A changelog that lost contacts (emptied or made anew under a running worker, say) counts as empty.
    A store that does not fit the changelog is emptied, and all of the changelog read.
    """
    async with open_reader(bootstrap, changelog) as reader:
        kept = store.covered
        if kept is not None and not await _continue(reader, changelog, store, kept):
            kept = None
        await _read(reader, changelog, store, restoring)
        if kept is not None and not _fits(store, kept):
            await _start_over(reader, changelog, store)
            await _read(reader, changelog, store, restoring)
    return _trusted(changelog, store, store.covered.progress if store.covered else None)


@asynccontextmanager
async def open_reader(
    bootstrap: str, changelog: TopicPartition, end_ms: int = END_MS
) -> AsyncIterator[AIOKafkaConsumer]:
    """Open what reads the committed rows of a changelog, from its beginning unless told to `seek`.

    `end_ms`: how long a fetch waits at the end of the log; a row that comes meanwhile ends it.
    """
    tolerate_emptied_markers()
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="none",  # see `read_some`
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=end_ms,
        **kafka_access(),
    )
    try:
        await start(reader)
        await _rewind(reader, changelog)
        yield reader
    finally:
        await reader.stop()


async def _rewind(reader: AIOKafkaConsumer, changelog: TopicPartition) -> None:
    first = (await reader.beginning_offsets([changelog]))[changelog]
    reader.assign([changelog])  # without a wait before `seek`: a partition that stands nowhere is an error
    reader.seek(changelog, first)


async def read_some(
    reader: AIOKafkaConsumer, changelog: TopicPartition, store: Store, look_ms: int = LOOK_MS
) -> None:
    """Take over the rows that come next, if any come in that time.

    Where they are gone, states read before may be outdated, though the contacts are as many as there should
    be: the store is emptied and reading begins anew.
    """
    try:
        fetched = await reader.getmany(timeout_ms=look_ms, max_records=ROWS_AT_ONCE)
    except OffsetOutOfRangeError:
        await _start_over(reader, changelog, store)
        return
    rows = {record.key: record.value for record in fetched.get(changelog, ())}
    progress = rows.pop(PROGRESS_KEY, store.covered.progress if store.covered else None)
    store.apply(rows, Covered(await reader.position(changelog), progress))
    await asyncio.sleep(0)  # heartbeats go on, and so do the other partitions


async def _continue(reader: AIOKafkaConsumer, changelog: TopicPartition, store: Store, kept: Covered) -> bool:
    """Go to where the store stands, if the changelog still has all that follows."""
    first = (await reader.beginning_offsets([changelog]))[changelog]
    end = (await reader.end_offsets([changelog]))[changelog]
    if not first <= kept.position <= end:
        await _start_over(reader, changelog, store)
        return False
    reader.seek(changelog, kept.position)
    return True


async def _start_over(reader: AIOKafkaConsumer, changelog: TopicPartition, store: Store) -> None:
    log.warning("state does not fit the changelog, reading all of it topic=%s partition=%d", *changelog)
    store.clear()
    await _rewind(reader, changelog)


async def _read(
    reader: AIOKafkaConsumer, changelog: TopicPartition, store: Store, restoring: Callable[[int], None]
) -> None:
    """Read to the end; see `restore`."""
    standstill = Standstill(changelog)
    while (left := await left_to_read(reader, changelog)) != 0:
        if left is not None:
            restoring(left)
            standstill.look(left)
        await read_some(reader, changelog, store)


def _fits(store: Store, kept: Covered) -> bool:
    """Tell whether a store that was read on from `kept` is what its changelog says.

    It has contacts too many when their deletion is no longer there to be read, and it is ahead of a changelog
    that lost its end.
    """
    before = _parsed(kept.progress)
    now = _parsed(store.covered.progress if store.covered else None)
    return len(store) == now.contacts and now.place >= before.place


def progress_row(place: Place, contacts: int, barrier: int = NO_BARRIER) -> bytes:
    """Return what stands under `PROGRESS_KEY`."""
    return b"%d %d %d %d" % (place.offset, contacts, barrier, place.told)


class _Parsed(NamedTuple):
    next_offset: int
    contacts: int
    barrier: int = NO_BARRIER  # rows of before there were barriers do not name one
    told: int = 0

    @property
    def place(self) -> Place:
        return Place(self.next_offset, self.told)


def _parsed(progress: bytes | None) -> _Parsed:
    return _Parsed(*map(int, progress.split())) if progress else _Parsed(-1, 0)


def _trusted(changelog: TopicPartition, store: Store, progress: bytes | None) -> Progress | None:
    """Return what a progress row says if its contacts are all there; else empty the store."""
    said = _parsed(progress)
    if len(store) == said.contacts:
        return Progress(said.place, said.barrier) if progress else None
    log.error(
        "changelog damaged, folding again topic=%s partition=%d contacts=%d expected=%d",
        *changelog,
        len(store),
        said.contacts,
    )
    store.clear()
    return None


async def left_to_read(reader: AIOKafkaConsumer, changelog: TopicPartition) -> int | None:
    """Return how many offsets there are up to the end; None: not known yet."""
    # The high watermark comes with each fetch, is as new as the records, and counts open transactions too.
    high = reader.highwater(changelog)
    return None if high is None else max(0, high - await reader.position(changelog))


async def restore_timers(clock: Clock, store: Store, timers: Timers) -> None:
    """Read every contact's due time from its state."""
    for count, (key, state) in enumerate(store.items()):
        timers.set(key, clock.next_due(state))
        if count % STEP == 0:
            await asyncio.sleep(0)  # heartbeats go on


async def find_start(
    consumer: AIOKafkaConsumer,
    source: TopicPartition,
    committed: Place | None,
    progress: Progress | None,
    *,
    stateful: bool,
) -> tuple[Place, Place]:
    """Return (place to read on from, place up to which outputs have been written already).

    The fencing has settled every older transaction, so the committed offset is final. With state, the
    changelog's own progress decides, since it describes the state. The two agree unless the changelog lost
    data (then contacts are folded again from the source, silently) or the group's offset expired or was set
    by hand.
    Raises SourceReplacedError.
    """
    first = (await consumer.beginning_offsets([source]))[source]
    end = (await consumer.end_offsets([source]))[source]
    covered = None if progress is None else progress.place
    start, written = (covered, committed or BEGINNING) if stateful else (committed, BEGINNING)
    furthest = max(start or BEGINNING, written).offset
    if furthest > end:
        raise SourceReplacedError(source, consumed=furthest, end=end)
    if start is not None and start.offset < first:
        log.error(
            "records lost to retention topic=%s partition=%d from=%d to=%d", *source, start.offset, first
        )
    return max(start or BEGINNING, Place(first)), written
