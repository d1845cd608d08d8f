"""One admin client for all who ask at the same time: a worker that starts has a question per partition."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from processors.coming_up import while_coming_up
from processors.topic_admin import administering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from kafka.admin import KafkaAdminClient

T = TypeVar("T")


class _Shared:
    """A client, and how many are using it. Its calls block, and may be made by several threads at once."""

    def __init__(self, bootstrap: str) -> None:
        self.users = 0
        self._closing = ExitStack()
        self.opening = asyncio.create_task(
            asyncio.to_thread(self._closing.enter_context, administering(bootstrap))
        )

    async def close(self) -> None:
        await asyncio.wait([self.opening])
        self.opening.exception()  # told to whoever still waited for it
        await asyncio.to_thread(self._closing.close)


_open: dict[str, _Shared] = {}  # by the brokers' addresses


@asynccontextmanager
async def shared_admin(bootstrap: str) -> AsyncIterator[KafkaAdminClient]:
    """Connect, or join those who are; the last one closes. Raises LifecycleError when no broker answers.

    After an error whoever comes next gets another client.
    """
    shared = _open.get(bootstrap) or _open.setdefault(bootstrap, _Shared(bootstrap))
    shared.users += 1
    try:
        yield await asyncio.shield(shared.opening)
    except BaseException:
        _leave(bootstrap, shared)
        raise
    finally:
        shared.users -= 1
        if not shared.users:
            _leave(bootstrap, shared)
            await shared.close()


@while_coming_up
async def ask(bootstrap: str, question: Callable[[KafkaAdminClient, str], T], about: str) -> T:
    """Ask in a thread, and again while brokers come up. Raises NoBrokerError when none answers for long."""
    async with shared_admin(bootstrap) as admin:
        return await asyncio.to_thread(question, admin, about)


def _leave(bootstrap: str, shared: _Shared) -> None:
    if _open.get(bootstrap) is shared:
        del _open[bootstrap]
