"""What the partitions of a member take turns at: deciding a batch, and having a transaction open.

What computes without the interpreter's lock, as the compiled back-end does, is done beside the event loop
where it is more than a few records, in a thread: so on another core, while transactions, fetches and
heartbeats go on. Whatever else is done there takes turns with the event loop, which has little to do at a
time and so must not wait long. What keeps the lock would do nothing but take turns.
"""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

# Transactions open at once. More of them are not more transactions a second, since client and broker are what
# they wait for: each only takes longer, and the records that it wrote are held back for longer.
AT_ONCE = 2
# How long the event loop waits for the interpreter's lock, instead of 5 ms: after each of its system calls,
# of which a transaction takes dozens.
SWITCH_S = 0.001
FEW = 50  # records that are decided at once: for so few a thread costs more CPU time than it saves


class Turns:
    """One batch at a time is decided, while the transactions of those before are under way."""

    def __init__(self) -> None:
        self._deciding = asyncio.Lock()
        self.committing = asyncio.Semaphore(AT_ONCE)
        self._thread = ThreadPoolExecutor(1, "deciding")

    async def take(
        self, decide: Callable[[], Awaitable[T | None]], commit: Callable[[T], Awaitable[None]]
    ) -> None:
        """Decide, then commit what was decided, each when it is one's turn; None: there is nothing to commit.

        The next batch is decided only when this one's transaction may begin.
        """
        async with self._deciding:
            decided = await decide()
            if decided is None:
                return
            await self.committing.acquire()
        try:
            await commit(decided)
        finally:
            self.committing.release()

    async def decide(self, work: Callable[[], object], records: int, *, unlocked: bool) -> float:
        """Do the work on a batch of so many records; return how much CPU time it took (s)."""
        return await self.beside(work) if unlocked and records > FEW else _timed(work)

    async def beside(self, work: Callable[[], object]) -> float:
        """Do work in the thread; return how much CPU time it took (s). If cancelled, wait for its end."""
        doing = asyncio.get_running_loop().run_in_executor(self._thread, _timed, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            await asyncio.wait([doing])
            raise


def switch_often() -> None:
    """Let the threads of this process take turns as often as a worker's event loop needs it."""
    sys.setswitchinterval(SWITCH_S)


def _timed(work: Callable[[], object]) -> float:
    before = time.thread_time()
    work()
    return time.thread_time() - before
