"""A generation built from all of history at once: the log sorted by contact, and replayed as `replay` does.

Record after record it would take many times as long: contacts are loaded once here, and what one has passed
on to another is looked up, where a reader of the log would have to wait for it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from processors.archive.copy import Copy
from processors.engine.closed_log import read_closed
from processors.engine.generations import consumed
from processors.engine.head_start import write_head_start
from processors.engine.living import Living
from processors.replay.job import Job, part_file, read_packed
from processors.replay.passing_folder import passing_folder
from processors.replay.pool import jobs_for, replay_parts
from processors.topic_admin import partition_count
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from processors.archive.folder import Archive
    from processors.promotion.generation import Generation

    Look = Callable[[str, int, int], Awaitable[None]]
    """Is told what is done, how much of it and of how much; when it raises, the work ends."""

LOOK_S = 0.5


async def give_head_start(bootstrap: str, one: Generation, look: Look) -> None:
    """Write the states of those partitions that have none yet, as of about now."""
    living = Living(one.compiled(), one.number)
    done = await consumed(bootstrap, living.name, range(partition_count(bootstrap, CONTACT_EVENTS.name)))
    missing = [number for number, offset in done.items() if offset is None]
    if not missing:
        return
    with passing_folder("stageline-building-") as folder:
        copy = Copy(folder / "log")
        offsets = await read_closed(bootstrap, copy.begin, partial(look, "offsets of history read"))
        job = await _replay(one, copy.finish(), folder, missing, look)
        for count, number in enumerate(missing):
            await look("partitions written", count, len(missing))
            states = read_packed(part_file(job, number, "packed"))
            await write_head_start(bootstrap, living, number, offsets[number], states)


async def _replay(one: Generation, archive: Archive, folder: Path, partitions: list[int], look: Look) -> Job:
    records = sum(archive.manifests[number].records for number in partitions)
    work = folder / "states"
    work.mkdir()
    job = Job(
        plan=one.compiled(),
        archive=archive.root,
        work=work,
        as_of=None,
        anew=True,
        changes=False,
        packed=True,
    )
    beside = _Beside()
    doing = asyncio.get_running_loop().run_in_executor(
        None, replay_parts, job, partitions, jobs_for(records), beside.seen
    )
    try:
        while not doing.done():
            await asyncio.wait([doing], timeout=LOOK_S)
            await look("events applied", beside.records, records)
    finally:
        beside.wanted = False
        await asyncio.gather(doing, return_exceptions=True)
    doing.result()
    return job


class _Beside:
    """How far the replay has come, in a thread; it ends there when it is not wanted any more."""

    def __init__(self) -> None:
        self.records, self.wanted = 0, True

    def seen(self, records: int) -> None:
        if not self.wanted:
            raise InterruptedError
        self.records = records
