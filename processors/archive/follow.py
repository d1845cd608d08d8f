"""Follows the topic: reads what is committed, lets the writer put it on the disk, until told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.archive.folder import make_archive
from processors.archive.manifest import About
from processors.archive.writer import Writer
from processors.engine.committed import open_committed
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from asyncio import Event
    from collections.abc import Callable
    from pathlib import Path

    from processors.archive.writer import Pace
    from processors.engine.committed import Committed

    Progress = Callable[[int, int, int], None]  # records read, offsets read, offsets to read


async def follow(
    bootstrap: str, root: Path, pace: Pace, *, stop: Event, once: bool, progress: Progress
) -> int:
    """Archive contact-events; with `once` only up to where it ends now. Gives how many records were written.

    Whatever was read is written before this returns.
    """
    async with open_committed(bootstrap, CONTACT_EVENTS.name) as topic:
        about = About(topic=CONTACT_EVENTS.name, partitions=len(topic.partitions))
        writer = Writer(make_archive(root, about), pace)
        starts = {number: one.next_offset for number, one in writer.archive.manifests.items()}
        await topic.start_at(starts)
        await _read(topic, writer, starts, stop=stop, once=once, progress=progress)
        writer.flush()
    return writer.written


async def _read(
    topic: Committed, writer: Writer, starts: dict[int, int], *, stop: Event, once: bool, progress: Progress
) -> None:
    read, positions, ends = 0, dict(starts), await topic.ends()
    while not stop.is_set():
        fetched = await topic.fetch()
        positions = await topic.positions()
        for partition, records in fetched.items():
            writer.take(partition, records, positions[partition])
            read += len(records)
        writer.settle()
        if not once:
            ends = await topic.ends()
        begun = sum(starts.values())
        progress(read, sum(positions.values()) - begun, sum(ends.values()) - begun)
        if once and all(positions[number] >= end for number, end in ends.items()):
            return
