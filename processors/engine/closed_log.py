"""The log up to a place of each partition, chosen so that nothing before it comes from behind it.

What a contact passes on is told in the partition of another one, which may be read before its own was. A
transfer holds the state that was passed on, and that names its place in the log: up to there, at least, its
partition is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.engine.committed import open_committed
from processors.engine.compiled import starts_of
from processors.engine.transaction import partition_of
from processors.lifecycle.state import position_of
from schemas.codec import HEADER_BYTES, decode_trusted
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from processors.engine.batch import Record
    from processors.engine.live_log import Begin

TRANSFERS = starts_of("history_transferred")


async def read_closed(
    bootstrap: str, begin: Begin, look: Callable[[int, int], Awaitable[None]]
) -> dict[int, int]:
    """Read contact-events up to about where it ends now, for what `begin` gives; return up to where.

    `look` is told how many offsets of how many are read. Raises LifecycleError when Kafka is away, the topic
    is missing, or the log no longer begins at its start.
    """
    async with open_committed(bootstrap, CONTACT_EVENTS.name) as topic:
        count = len(topic.partitions)
        keep, ends, positions = begin(count), await topic.ends(), dict.fromkeys(topic.partitions, 0)
        await topic.start_at(positions)
        while any(positions[number] < end for number, end in ends.items()):
            fetched, positions = await topic.fetch(), await topic.positions()
            for number, records in fetched.items():
                keep(number, records, positions[number])
                for contact_id, offset in _passed_on(records):
                    home = partition_of(contact_id.encode(), count)
                    ends[home] = max(ends[home], offset + 1)
            await look(sum(min(positions[number], end) for number, end in ends.items()), sum(ends.values()))
    return positions


def _passed_on(records: Iterable[Record]) -> Iterator[tuple[str, int]]:
    """List who passed a history on, and at which offset of its partition."""
    for record in records:
        if (record.value or b"")[:HEADER_BYTES] in TRANSFERS:
            event = decode_trusted(record.value or b"")
            yield event["other"], position_of(event["state"])
