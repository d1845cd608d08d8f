"""Named points at which a process dies, as if by SIGKILL: STAGELINE_CRASH_AT=name[:nth].

They are put around functions of the engine and the projector from outside, in the test program alone: the
code that runs in production knows nothing of them. A name that no longer fits the code fails at once.
"""

from __future__ import annotations

import os
from functools import wraps
from importlib import import_module
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "STAGELINE_CRASH_AT"
CRASHED = 86  # exit code: tells a crash that was asked for from any other end


class Point(NamedTuple):
    """Before or after the calls of a function, given as `module:name` as its caller sees it."""

    after: bool
    where: str


_PRODUCER = "aiokafka:AIOKafkaProducer"
_MEMBER = "processors.engine.member:Member"
WORKER = {
    "started": Point(after=True, where=f"{_PRODUCER}.start"),
    "fenced": Point(after=True, where="processors.engine.fencing:Ownership.fence"),
    "recovering": Point(after=True, where="processors.engine.recovery:left_to_read"),
    "recovered": Point(after=True, where="processors.engine.partition:restore"),
    "start-found": Point(after=True, where="processors.engine.partition:find_start"),
    "opened": Point(after=True, where="processors.engine.partition:Partition.open"),
    "processed": Point(after=False, where="processors.engine.fencing:commit"),
    "begun": Point(after=True, where=f"{_PRODUCER}.begin_transaction"),
    "sent": Point(after=True, where=f"{_PRODUCER}.send_batch"),
    "before-offsets": Point(after=False, where=f"{_PRODUCER}.send_offsets_to_transaction"),
    "after-offsets": Point(after=True, where=f"{_PRODUCER}.send_offsets_to_transaction"),
    "before-commit": Point(after=False, where=f"{_PRODUCER}.commit_transaction"),
    "after-commit": Point(after=True, where=f"{_PRODUCER}.commit_transaction"),
    "stored": Point(after=True, where="processors.engine.partition:Partition._commit"),
    "revoked": Point(after=False, where=f"{_MEMBER}.hold"),
    "held": Point(after=True, where=f"{_MEMBER}.hold"),
    "assigned": Point(after=True, where=f"{_MEMBER}.assign"),
    "stopping": Point(after=False, where=f"{_MEMBER}.on_stop"),
}
PROJECTOR = {
    "before-view": Point(after=False, where="projections.store:View.apply"),
    "after-view": Point(after=True, where="projections.store:View.apply"),
    "before-showing": Point(after=False, where="projections.generations:Generations.finish"),
    "after-showing": Point(after=True, where="projections.generations:Generations.finish"),
}


def arm(wanted: str) -> None:
    """Make this process die at a point, the first or the nth time it gets there."""
    name, _, nth = wanted.partition(":")
    point = (WORKER | PROJECTOR)[name]
    module, _, path = point.where.partition(":")
    owner: Any = import_module(module)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, last, _dying(getattr(owner, last), name, int(nth or 1), after=point.after))


def _dying(call: Callable[..., Any], name: str, nth: int, *, after: bool) -> Callable[..., Any]:
    left = nth

    def reach(*, now: bool) -> None:
        nonlocal left
        if now:
            left -= 1
            if left == 0:
                _die(name)

    @wraps(call)
    async def later(*args: object, **kwargs: object) -> object:
        reach(now=not after)
        result = await call(*args, **kwargs)
        reach(now=after)
        return result

    @wraps(call)
    def at_once(*args: object, **kwargs: object) -> object:
        reach(now=not after)
        result = call(*args, **kwargs)
        reach(now=after)
        return result

    return later if iscoroutinefunction(call) else at_once


def _die(name: str) -> NoReturn:
    os.write(2, f"crash point reached: {name}\n".encode())
    os._exit(CRASHED)
