"""What is built beside begins with states that were worked out elsewhere, as of one place of each partition.

They go into its changelog as if it had applied the log up to there: the row that says so comes last, with the
group's offset. What is there without it counts for nothing, and is written again.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.engine.batch import NO_HEADERS
from processors.engine.fencing import Ownership, transactional_prefix
from processors.engine.place import Place
from processors.engine.recovery import PROGRESS_KEY, progress_row
from schemas.topics import CONTACT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.engine.living import Living

AT_ONCE = 5_000  # states in one transaction, some megabytes


async def write_head_start(
    bootstrap: str, living: Living, partition: int, offset: int, states: Iterable[tuple[bytes, bytes]]
) -> None:
    """Write the contacts of a partition as they are before an offset; the owner goes on from there.

    Fences whoever builds the same. Raises a fencing error when another does so in turn.
    """
    source = TopicPartition(CONTACT_EVENTS.name, partition)
    changelog = TopicPartition(living.changelog, partition)
    transactional_id = f"{transactional_prefix(living.name, source.topic)}{partition}"
    ownership = Ownership(bootstrap, transactional_id, living.name)
    left, contacts = iter(states), 0
    try:
        await ownership.start_patiently()
        await ownership.fence([changelog])
        while some := list(islice(left, AT_ONCE)):
            await ownership.commit({changelog: [(key, state, NO_HEADERS) for key, state in some]}, {})
            contacts += len(some)
        place = Place(offset)
        progress = (PROGRESS_KEY, progress_row(place, contacts), NO_HEADERS)
        await ownership.commit({changelog: [progress]}, {source: place.to_commit()})
        await ownership.settle()
    finally:
        await ownership.stop()
