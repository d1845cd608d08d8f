"""Builds a generation beside the live one: the whole log under its definition, into a changelog of its own.

It is the engine itself, with the processor that tells nobody: transactions, recovery and progress are the
same, so it can be killed at any time and goes on where it stopped.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.engine.committed import open_committed
from processors.engine.living import Living
from processors.engine.member import Member
from processors.engine.transaction import partition_of
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from processors.lifecycle.plan import Plan

# Offsets that may be left when the barriers are written: their owners apply them while they pass, in well
# under a second. Between records, markers count.
LEFT = 2_000
LOOK_S = 0.5


async def build(
    bootstrap: str, plan: Plan, generation: int, look: Callable[[int, int], Awaitable[None]]
) -> None:
    """Return when all but the newest of the log is applied.

    `look` is told from time to time how much of how much is done; when it raises, the building ends.
    """
    living = Living(plan, generation)
    member = Member(living, bootstrap, loop=asyncio.get_running_loop())
    async with open_committed(bootstrap, CONTACT_EVENTS.name) as log:

        def reached(contact_id: str) -> int | None:
            number = partition_of(contact_id.encode(), len(log.partitions))
            return member.reached(TopicPartition(CONTACT_EVENTS.name, number))

        living.reached = reached
        await member.start()
        try:
            while True:
                ends = await log.ends()
                lags = {one.partition: one.lag for one in member.looks() if one.lag is not None}
                await look(sum(max(0, ends[number] - lags[number]) for number in lags), sum(ends.values()))
                if lags.keys() == ends.keys() and sum(lags.values()) <= LEFT:
                    return
                await asyncio.sleep(LOOK_S)
        finally:
            await member.stop()
