"""What stands in for local folders: copies of changelogs that outlive the process which wrote them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processors.engine.store import MemoryStore

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from processors.engine.store import Store


@dataclass(slots=True, kw_only=True, eq=False)
class Disk:
    """`holder`: the process that uses it, or used it last."""

    holder: str
    copies: dict[TopicPartition, MemoryStore] = field(default_factory=dict)

    def image(self) -> dict[TopicPartition, MemoryStore]:
        """Return everything as it is now."""
        return {changelog: _copy(store) for changelog, store in self.copies.items()}


class DiskShelf:
    """See `processors.engine.shelf`. An `apply` is one step of the simulation, and so atomic."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._locks: dict[TopicPartition, asyncio.Lock] = {}
        self._given: dict[TopicPartition, Store] = {}

    async def take(self, changelog: TopicPartition) -> Store:
        await self._locks.setdefault(changelog, asyncio.Lock()).acquire()
        self._given[changelog] = self._disk.copies.setdefault(changelog, MemoryStore())
        return self._given[changelog]

    def put_back(self, changelog: TopicPartition, store: Store) -> None:
        assert store is self._given.pop(changelog)
        self._locks[changelog].release()


def _copy(store: MemoryStore) -> MemoryStore:
    copy = MemoryStore()
    copy.apply(dict(store.items()), store.covered)
    return copy
