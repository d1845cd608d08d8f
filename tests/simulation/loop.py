"""An event loop with a clock of its own, on which several simulated processes take turns as a seed decides.

Each callback belongs to a process (a context variable says to which). Within a process callbacks run in the
order asyncio promises; which process runs next is chance. A halted process keeps its callbacks: that is
SIGSTOP, and for good it is SIGKILL.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context, ContextVar, copy_context
from heapq import heappop
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from random import Random

WORLD = "world"  # everything that is no process of ours: broker, network, whoever injects faults
PROCESS: ContextVar[str] = ContextVar("process", default=WORLD)


class StalledError(Exception):
    """Nothing is left that could ever happen."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """See the module. Time stands still while callbacks run, and leaps when none is left."""

    _ready: deque[Any]  # asyncio's own: appended to by call_soon
    _scheduled: list[Any]  # asyncio's own: a heap of timers

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self.steps = 0
        self._now = 0.0
        self._chance = chance
        self._queues: dict[str, deque[Any]] = {}
        self._halted: set[str] = set()
        self._world = Context()

    def time(self) -> float:
        """Return the simulated time in seconds."""
        return self._now

    def spawn(self, process: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine, and all it starts, as part of a process."""
        context = copy_context()
        context.run(PROCESS.set, process)
        return self.create_task(work, context=context)

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Let something happen in the world, whatever becomes of the process that asks for it."""
        self.call_later(seconds, call, context=self._world)

    def halt(self, process: str) -> None:
        """Run nothing of a process any more."""
        self._halted.add(process)

    def resume(self, process: str) -> None:
        """Let a halted process go on where it stood."""
        self._halted.discard(process)

    def resume_all(self) -> None:
        """Let even the dead go on: to be taken down in an orderly way after the end."""
        self._halted.clear()

    def _run_once(self) -> None:
        while self._ready:
            handle = self._ready.popleft()
            self._queues.setdefault(handle._context.get(PROCESS, WORLD), deque()).append(handle)
        able = [queue for name, queue in self._queues.items() if queue and name not in self._halted]
        if not able:
            self._leap()
            return
        handle = (able[0] if len(able) == 1 else self._chance.choice(able)).popleft()
        self.steps += 1
        if not handle._cancelled:
            handle._run()

    def comes_to_an_end(self, work: Coroutine[Any, Any, bool]) -> bool:
        """Run work to its end and tell what it says; False when nothing moves any more."""
        try:
            return self.run_until_complete(work)
        except StalledError:
            return False

    def _leap(self) -> None:
        """Go to the next moment at which something is due."""
        while self._scheduled and self._scheduled[0]._cancelled:
            heappop(self._scheduled)._scheduled = False
        if not self._scheduled:
            if not self._stopping:
                raise StalledError
            return
        self._now = max(self._now, self._scheduled[0]._when)
        while self._scheduled and self._scheduled[0]._when <= self._now:
            handle = heappop(self._scheduled)
            handle._scheduled = False
            self._ready.append(handle)

    _stopping: bool  # asyncio's own: set by stop

    def _process_events(self, _events: object) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """No other thread wakes this loop."""
