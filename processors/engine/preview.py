"""A promotion tried on the live states, as they stand in their changelog: nothing is written anywhere."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.engine.committed import open_committed
from processors.engine.compiled import switched_in_full
from processors.engine.crossing import live_up_to, read_record
from processors.engine.history import homes_of
from processors.engine.living import Living
from processors.engine.recovery import NO_BARRIER, restore
from processors.engine.rules import first_rules, read_rules
from processors.engine.store import MemoryStore
from processors.lifecycle import Barrier, advance, next_due, switch
from processors.promotion.preview import Preview
from schemas.topics import CONTACT_EVENTS, LIFECYCLE_CHANGELOG

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.lifecycle.plan import Plan
    from processors.promotion.generation import Generation

AT_ONCE = 500  # contacts between two looks at the event loop


async def preview(
    bootstrap: str, first: Plan, wanted: Generation, at: int, show: Callable[[int, int], None]
) -> Preview:
    """Try a generation on every partition; `first` decides where no barrier was passed."""
    found = Preview()
    async with open_committed(bootstrap, CONTACT_EVENTS.name) as log:
        partitions = log.partitions
    for count, number in enumerate(partitions):
        show(count, len(partitions))
        await _try(
            bootstrap,
            TopicPartition(CONTACT_EVENTS.name, number),
            (first, wanted),
            (found, at, len(partitions)),
        )
    return found


async def _try(
    bootstrap: str, source: TopicPartition, plans: tuple[Plan, Generation], rest: tuple[Preview, int, int]
) -> None:
    (first, wanted), (found, at, count), said = plans, rest, MemoryStore()
    changelog = TopicPartition(LIFECYCLE_CHANGELOG.name, source.partition)
    progress = await restore(bootstrap, changelog, said, lambda _left: None)
    if progress is None:
        return
    old = first_rules(first)
    if progress.barrier != NO_BARRIER:
        old = read_rules((await read_record(bootstrap, source, progress.barrier)).value or b"")
    new, lived = wanted.compiled(), said
    if not wanted.in_place:
        living, homes = Living(new, wanted.number), partial(homes_of, CONTACT_EVENTS.name, count)
        lived = await live_up_to(bootstrap, source, progress.place.offset, living, homes)
    barrier = Barrier(position=progress.place.offset, at=at, in_place=wanted.in_place)
    known = iter(said.items())
    while some := list(islice(known, AT_ONCE)):
        contacts = [(state, lived.get(key) or b"") for key, state in some]
        if wanted.in_place:  # what is due by now comes without a promotion, too
            contacts = [(state, state) for state in (_until(at, old.plan, state) for _key, state in some)]
        for (before, other), done in zip(
            contacts, switched_in_full(old.plan, new, contacts, barrier), strict=True
        ):
            then, changes = done or switch(old.plan, before, new, other, barrier)
            found.add((old.plan, before), (new, then), changes)
        await asyncio.sleep(0)


def _until(at: int, plan: Plan, state: bytes) -> bytes:
    due = next_due(state)
    return state if due is None or due > at else advance(plan, state, at)[0]
