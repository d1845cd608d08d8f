"""Work in an event loop of its own, for commands: Ctrl-C ends it, whatever it waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Do work to its end. Interrupted, it is cancelled, closes what it has open, and the interrupt goes on.

    Not by `asyncio.run`: it would leave Faust without a loop, and it loses an interrupt that comes while a
    Kafka client is closed, which takes the cancellation for that of its own tasks.
    """
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.get_loop().run_until_complete(work)
