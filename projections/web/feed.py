"""What is new, to every open page: one reader of Redis, however many look.

A page that connects, or connects again and missed something, or cannot keep up, is told `reset` and reads
everything afresh: so nothing has to be kept for it, and a slow page costs no more than its queue.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from time import sleep, time
from typing import TYPE_CHECKING

from anyio import to_thread

from projections.store import RedisAwayError, live_view, switches
from projections.views.companies import read_companies
from projections.views.funnel import read_funnel
from projections.views.handoffs import read_board
from projections.views.latest import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projections.store import Client, View

WAIT_MS = 1_000  # one look at Redis; also how soon a new view or a lost server is noticed
PAUSE_S = 0.25  # between looks: a flood of changes becomes four updates a second
SHOWN = 50  # changes a page shows; of a flood only the newest are sent
COMPANIES = 5  # of each stage, as the page shows
QUEUE = 32  # messages a page may lag behind, some seconds of a flood

NOTHING_YET = "Nothing has been projected yet. Start `stageline projector`."

Message = dict[str, str]


class Feed:
    """`run` reads until it is cancelled; `subscribed` gives a queue of what it finds."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._queues: set[asyncio.Queue[Message]] = set()
        self._view: str | None = None
        self._switches = 0  # up to that view: a page may have read one that was shown for a moment
        self._last = "0"
        self._away: str | None = None

    @property
    def at(self) -> str:
        """Id of the newest message."""
        return f"{self._view}/{self._switches}/{self._last}"

    def greeting(self, last_seen: str | None) -> list[Message]:
        """Return what a page needs first that has seen messages up to that id."""
        if self._away is not None:
            return [self._message("away", {"error": self._away})]
        return [] if last_seen == self.at else [self._message("reset", {})]

    @contextmanager
    def subscribed(self) -> Iterator[asyncio.Queue[Message]]:
        """Give a queue that is filled until the end of the block."""
        queue: asyncio.Queue[Message] = asyncio.Queue(QUEUE)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    async def run(self) -> None:
        """Look at Redis for ever, and tell all pages."""
        while True:
            for message in await to_thread.run_sync(self._look, abandon_on_cancel=True):
                for queue in self._queues:
                    self.put(queue, message)
            await asyncio.sleep(PAUSE_S)

    def put(self, queue: asyncio.Queue[Message], message: Message) -> None:
        """Hand a message to one page; one that is too far behind reads afresh instead."""
        if queue.full():
            while not queue.empty():
                queue.get_nowait()
            message = self._message("reset", {})
        queue.put_nowait(message)

    def _look(self) -> list[Message]:
        """Wait for news, a moment at most. Runs in a thread, one at a time."""
        try:
            count, view = switches(self._client), live_view(self._client)
            if view is None:
                return self._without(NOTHING_YET)
            if (view.name, count) != (self._view, self._switches):
                return self._turn_to(view, count)
            return self._read(view)
        except RedisAwayError as error:
            return self._without(f"Redis does not answer: {error}")

    def _without(self, reason: str) -> list[Message]:
        """Tell once that there is nothing to show, and why."""
        if self._away == reason:
            sleep(WAIT_MS / 1000)
            return []
        self._away, self._view = reason, None
        return [self._message("away", {"error": reason})]

    def _turn_to(self, view: View, count: int) -> list[Message]:
        self._view, self._switches, self._last, self._away = view.name, count, view.newest_arrival(), None
        return [self._message("reset", {})]

    def _read(self, view: View) -> list[Message]:
        arrived = view.arrivals(self._last, WAIT_MS)
        if not arrived:
            return []
        self._last = arrived[-1][0]
        if not self._queues:
            return []
        changes = resolve(view.ask, [reference for _, reference in arrived[-SHOWN:]])
        return [
            self._message("changes", changes),
            self._message("funnel", read_funnel(view.ask, int(time() * 1000))),
            self._message("handoffs", read_board(view.ask)),
            self._message("companies", read_companies(view.ask, COMPANIES)),
        ]

    def _message(self, event: str, data: object) -> Message:
        return {"id": self.at, "event": event, "data": json.dumps(data, ensure_ascii=False)}
