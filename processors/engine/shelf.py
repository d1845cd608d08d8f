"""Where partitions get their stores from, and what becomes of these when a partition is given up."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from processors.engine.shared_admin import ask
from processors.engine.store import MemoryStore
from processors.topic_admin import topic_id
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiokafka import TopicPartition

    from processors.engine.rocks_store import RocksStore
    from processors.engine.store import Store


class Shelf(Protocol):
    """One store for each partition of a changelog."""

    async def take(self, changelog: TopicPartition) -> Store:
        """Return the store of a changelog, once nobody of this process has it."""

    def put_back(self, changelog: TopicPartition, store: Store) -> None:
        """Note that the partition is given up; nobody uses the store any more."""


class MemoryShelf:
    """Nothing is kept."""

    async def take(self, _changelog: TopicPartition) -> Store:
        """Return an empty store."""
        return MemoryStore()

    def put_back(self, _changelog: TopicPartition, _store: Store) -> None:
        """Forget it."""


class _Keeping:
    """Hands a store out to one at a time; a topic that was made anew has another id and starts with nothing.

    Take it after the fencing, so that the topic is the one that the producer writes to.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._locks: dict[TopicPartition, asyncio.Lock] = {}

    @asynccontextmanager
    async def _taking(self, changelog: TopicPartition) -> AsyncIterator[str]:
        lock = self._locks.setdefault(changelog, asyncio.Lock())
        await lock.acquire()
        try:
            yield await ask(self._bootstrap, topic_id, changelog.topic)
        except BaseException:
            lock.release()
            raise

    def _given_back(self, changelog: TopicPartition) -> None:
        self._locks[changelog].release()


class WarmShelf(_Keeping):
    """Stores stay in memory."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(bootstrap)
        self._kept: dict[TopicPartition, tuple[str, Store]] = {}

    async def take(self, changelog: TopicPartition) -> Store:
        """Return the store of a changelog, once nobody of this process has it."""
        async with self._taking(changelog) as owner:
            if changelog not in self._kept or self._kept[changelog][0] != owner:
                self._kept[changelog] = (owner, MemoryStore())
            return self._kept[changelog][1]

    def put_back(self, changelog: TopicPartition, _store: Store) -> None:
        """Keep it."""
        self._given_back(changelog)


class DiskShelf(_Keeping):
    """A folder of RocksDB copies, of this process alone.

    Raises LifecycleError when another process has it, it cannot be used, or the package is missing.
    """

    def __init__(self, folder: Path, bootstrap: str) -> None:
        super().__init__(bootstrap)
        if find_spec("rocksdict") is None:
            raise LifecycleError(
                "STAGELINE_STORE=rocksdb needs a package that is missing: pip install 'stageline[rocksdb]'."
            )
        self._folder = folder
        self._open: dict[TopicPartition, RocksStore] = {}
        self._own = _own(folder)

    async def take(self, changelog: TopicPartition) -> Store:
        """Open the copy, once nobody of this process has it."""
        from processors.engine.rocks_store import open_store  # noqa: PLC0415 - RocksDB is an extra

        async with self._taking(changelog) as owner:
            folder = self._folder / f"{changelog.topic}-{changelog.partition}"
            self._open[changelog] = store = open_store(folder, f"{owner}-{changelog.partition}")
            return store

    def put_back(self, changelog: TopicPartition, _store: Store) -> None:
        """Close it."""
        self._open.pop(changelog).close()
        self._given_back(changelog)

    def close(self) -> None:
        """Let others have the folder."""
        os.close(self._own)


def _own(folder: Path) -> int:
    """Make the folder this process's own for as long as it lives; return what holds the lock."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LifecycleError(
            f"STAGELINE_STATE_DIR={folder} cannot be used ({error.strerror}): name a folder for local state."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LifecycleError(
            f"STAGELINE_STATE_DIR={folder} is in use by another worker: give each worker a folder of its own."
        ) from None
    return lock
