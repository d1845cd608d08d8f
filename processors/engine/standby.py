"""Standby: warm copies of the partitions that others own, so that a take-over reads only the last few rows.

A copy is a store that is filled from its changelog, committed rows only, for as long as this process does not
own the partition. When it does, the copy is held against the changelog like any other local state: what a
standby believes costs time, never correctness.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError
from mode import Service

from processors.engine.failure import end_process
from processors.engine.recovery import left_to_read, open_reader, read_some
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiokafka import TopicPartition

    from processors.engine.shelf import Shelf
    from processors.engine.store import Store

QUIET_MS = (
    2_000  # a fetch waits for rows this long: one comes at once, and nobody waits for the end of the log
)
AGAIN_S = 10.0  # a copy that could not be followed is tried again after this
log = logging.getLogger(__name__)


class Standby(Service):
    """A shelf whose stores are kept up with their changelogs while they lie on it."""

    def __init__(
        self,
        shelf: Shelf,
        bootstrap: str,
        changelogs: Iterable[TopicPartition],
        **service: Any,  # noqa: ANN401 - passed on
    ) -> None:
        super().__init__(**service)
        self._shelf = shelf
        self._bootstrap = bootstrap
        self._changelogs = tuple(changelogs)
        self._following: dict[TopicPartition, asyncio.Task[None]] = {}

    async def on_start(self) -> None:
        """Follow everything; what this process comes to own is taken from here."""
        for changelog in self._changelogs:
            self._follow(changelog)

    async def on_stop(self) -> None:
        """Put every store back."""
        for changelog in list(self._following):
            await self._leave(changelog)

    async def take(self, changelog: TopicPartition) -> Store:
        """Return the store as far as it was followed; see `Shelf`."""
        try:
            await self._leave(changelog)
            return await self._shelf.take(changelog)
        except BaseException:  # given up before it was had: nobody puts it back
            if not self.should_stop:
                self._follow(changelog)
            raise

    def put_back(self, changelog: TopicPartition, store: Store) -> None:
        """Follow it from here on."""
        self._shelf.put_back(changelog, store)
        if not self.should_stop:
            self._follow(changelog)

    def _follow(self, changelog: TopicPartition) -> None:
        if (waiting := self._following.get(changelog)) is not None:
            waiting.cancel()  # for the store, which somebody else was given first
        self._following[changelog] = asyncio.create_task(self._keep_up(changelog))

    async def _leave(self, changelog: TopicPartition) -> None:
        if (task := self._following.pop(changelog, None)) is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep_up(self, changelog: TopicPartition) -> None:
        while True:
            try:
                await self._copy(changelog)
            except (KafkaError, LifecycleError) as error:
                log.warning(
                    "no standby for a while topic=%s partition=%d: %s", *changelog, type(error).__name__
                )
                await asyncio.sleep(AGAIN_S)
            except Exception as error:  # noqa: BLE001 - as in Member._serve
                end_process(error, changelog)

    async def _copy(self, changelog: TopicPartition) -> None:
        """Read what is committed into the store, until cancelled."""
        store = await self._shelf.take(changelog)
        try:
            async with open_reader(self._bootstrap, changelog, QUIET_MS) as reader:
                if store.covered is not None:
                    reader.seek(changelog, store.covered.position)
                while await left_to_read(reader, changelog) != 0:
                    await read_some(reader, changelog, store)
                log.info("standby topic=%s partition=%d contacts=%d", *changelog, len(store))
                while True:
                    await read_some(reader, changelog, store, QUIET_MS)
        finally:
            self._shelf.put_back(changelog, store)
