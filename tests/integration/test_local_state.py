"""A store that outlives its process, on a real broker: read on from, found out, waited for."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiokafka import TopicPartition

from processors.engine import recovery
from processors.engine.batch import NO_HEADERS
from processors.engine.place import Place
from processors.engine.recovery import (
    PROGRESS_KEY,
    left_to_read,
    open_reader,
    progress_row,
    read_some,
    restore,
)
from processors.engine.shelf import DiskShelf, WarmShelf
from processors.engine.standby import Standby
from processors.engine.store import Covered, MemoryStore
from processors.engine.transaction import commit, make_producer
from processors.topic_admin import administering
from tests.builders.kafka import create_topics, delete_topic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from aiokafka import AIOKafkaConsumer

    from processors.engine.store import Store

    States = Mapping[bytes, bytes | None]

PATIENCE_S = 60.0  # a standby has read by then what was committed before, on a busy machine too


class Log:
    """A changelog written in transactions, as its owner does."""

    def __init__(self, bootstrap: str, topic: str, policy: str = "compact") -> None:
        self.place = TopicPartition(topic, 0)
        self.bootstrap = bootstrap
        self.next_offset = 0
        self.policy = policy
        self.make()

    def make(self) -> None:
        create_topics(self.bootstrap, 1, {self.place.topic: {"cleanup.policy": self.policy}})

    async def write(self, states: States, contacts: int) -> Covered:
        """Commit states; return what a store covers that takes them over."""
        self.next_offset += 10
        progress = progress_row(Place(self.next_offset), contacts)
        rows = [(key, state, NO_HEADERS) for key, state in states.items()]
        producer = make_producer(self.bootstrap, f"writes-{self.place.topic}")
        await producer.start()
        ends = await commit(producer, {self.place: [*rows, (PROGRESS_KEY, progress, NO_HEADERS)]}, {}, "")
        await producer.stop()
        return Covered(ends[self.place], progress)


@asynccontextmanager
async def _taken(folder: Path, log: Log) -> AsyncIterator[Store]:
    shelf = DiskShelf(folder, log.bootstrap)
    store = await shelf.take(log.place)
    yield store
    shelf.put_back(log.place, store)
    shelf.close()


@pytest.fixture
def log(bootstrap_servers: str, unique: Callable[[str], str]) -> Log:
    return Log(bootstrap_servers, unique("changelog"))


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Positions from which recovery read."""
    positions: list[int] = []
    original = recovery.left_to_read

    async def left(reader: AIOKafkaConsumer, changelog: TopicPartition) -> int | None:
        positions.append(await reader.position(changelog))
        return await original(reader, changelog)

    monkeypatch.setattr(recovery, "left_to_read", left)
    return positions


async def _restored(folder: Path, log: Log) -> tuple[recovery.Progress | None, dict[bytes, bytes]]:
    async with _taken(folder, log) as store:
        progress = await restore(log.bootstrap, log.place, store, lambda _left: None)
        return progress, dict(store.items())


def test_a_restart_reads_on_where_the_store_stands_and_finds_what_was_committed_but_not_stored(
    log: Log, tmp_path: Path, rows_read: list[int]
) -> None:
    async def run() -> None:
        async with _taken(tmp_path, log) as store:
            await restore(log.bootstrap, log.place, store, lambda _left: None)
            states: States = {b"a": b"1", b"b": b"1"}
            store.apply(states, await log.write(states, contacts=2))
            stood = store.covered
        await log.write({b"b": None, b"c": b"1"}, contacts=2)  # and the process dies before it is stored
        rows_read.clear()
        assert await _restored(tmp_path, log) == ((Place(20), -1), {b"a": b"1", b"c": b"1"})
        assert stood is not None
        assert rows_read[0] == stood.position == 3

    asyncio.run(run())


def test_a_store_of_a_topic_that_was_made_anew_or_of_another_is_thrown_away(
    log: Log, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    async def run() -> None:
        await log.write({b"old": b"1", b"older": b"1"}, contacts=2)
        await _restored(tmp_path, log)
        delete_topic(log.bootstrap, log.place.topic)
        log.make()
        await log.write({b"new": b"1", b"newer": b"1"}, contacts=2)  # as long as the old one was
        assert (await _restored(tmp_path, log))[1] == {b"new": b"1", b"newer": b"1"}
        other = Log(log.bootstrap, unique("other"))
        assert await _restored(tmp_path, other) == (None, {})

    asyncio.run(run())


def test_a_store_ahead_of_its_changelog_or_with_contacts_it_does_not_count_is_read_anew(
    log: Log, tmp_path: Path, rows_read: list[int]
) -> None:
    async def run() -> None:
        await log.write({b"a": b"1"}, contacts=1)
        async with _taken(tmp_path, log) as store:
            store.apply({b"a": b"9", b"b": b"9"}, Covered(1_000, progress_row(Place(500), 2)))
        assert (await _restored(tmp_path, log))[1] == {b"a": b"1"}
        async with _taken(tmp_path, log) as store:
            store.apply({b"a": b"9", b"b": b"9"}, Covered(1, progress_row(Place(10), 2)))
        rows_read.clear()
        assert (await _restored(tmp_path, log))[1] == {b"a": b"1"}
        assert rows_read[0] == 1
        assert 0 in rows_read

    asyncio.run(run())


def test_rows_that_were_lost_before_they_were_read_leave_nothing_that_they_may_have_outdated(
    bootstrap_servers: str, unique: Callable[[str], str]
) -> None:
    log = Log(bootstrap_servers, unique("changelog"), policy="delete")  # of others a broker deletes nothing

    async def run() -> None:
        await log.write({b"a": b"old", b"b": b"1"}, contacts=2)
        store = MemoryStore()
        async with open_reader(log.bootstrap, log.place) as reader:
            while await left_to_read(reader, log.place) != 0:
                await read_some(reader, log.place, store)
            assert store.get(b"a") == b"old"
            lost = await log.write({b"a": b"new"}, contacts=2)
            await log.write({b"b": b"2"}, contacts=2)
            with administering(log.bootstrap) as admin:
                admin.delete_records({log.place: lost.position})
            reader.seek(log.place, lost.position - 2)  # as if it had not read on since
            while (left := await left_to_read(reader, log.place)) is None or left:
                await read_some(reader, log.place, store)
        assert dict(store.items()) == {b"b": b"2"}

    asyncio.run(run())


def test_a_store_is_given_out_again_only_when_it_was_put_back(log: Log, tmp_path: Path) -> None:
    async def run() -> None:
        shelf = DiskShelf(tmp_path, log.bootstrap)
        first = await shelf.take(log.place)
        waiting = asyncio.create_task(shelf.take(log.place))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        shelf.put_back(log.place, first)
        second = await asyncio.wait_for(waiting, 60)
        second.apply({b"a": b"1"})
        shelf.put_back(log.place, second)

    asyncio.run(run())


async def _until_read(shelf: WarmShelf | DiskShelf, place: TopicPartition, position: int) -> None:
    """Wait until the copy that lies on the shelf covers the changelog up to there."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        on = shelf._kept if isinstance(shelf, WarmShelf) else shelf._open
        copy = on.get(place)
        store = copy[1] if isinstance(copy, tuple) else copy
        if store is not None and store.covered is not None and store.covered.position >= position:
            return
        assert time.monotonic() < deadline, "it is not read"
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("kind", ["memory", "rocksdb"])
def test_a_standby_holds_what_is_committed_until_it_is_taken_and_again_when_it_is_put_back(
    log: Log, tmp_path: Path, rows_read: list[int], kind: str
) -> None:
    async def run() -> None:
        shelf = WarmShelf(log.bootstrap) if kind == "memory" else DiskShelf(tmp_path, log.bootstrap)
        await log.write({b"a": b"1"}, contacts=1)
        standby = Standby(shelf, log.bootstrap, [log.place], loop=asyncio.get_running_loop())
        await standby.start()
        for states, contacts in (({b"b": b"1"}, 2), ({b"a": None}, 1)):
            covered = await log.write(states, contacts)
            await _until_read(shelf, log.place, covered.position + 1)  # the commit's own marker
            store = await standby.take(log.place)
            rows_read.clear()
            assert await restore(log.bootstrap, log.place, store, lambda _left: None) is not None
            assert (rows_read[0], len(store)) == (covered.position + 1, contacts)
            standby.put_back(log.place, store)
        await standby.stop()

    asyncio.run(run())


def test_a_standby_of_a_topic_that_was_made_anew_counts_for_nothing(log: Log) -> None:
    async def run() -> None:
        shelf = WarmShelf(log.bootstrap)
        await log.write({b"old": b"1"}, contacts=1)
        store = await shelf.take(log.place)
        await restore(log.bootstrap, log.place, store, lambda _left: None)
        shelf.put_back(log.place, store)
        delete_topic(log.bootstrap, log.place.topic)
        log.make()
        assert len(await shelf.take(log.place)) == 0

    asyncio.run(run())
