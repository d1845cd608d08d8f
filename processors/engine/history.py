"""Everything that a source topic ever held of a few keys, for the rare event that no state can answer.

Undoing a merge, or voiding what is no longer kept one by one, folds the contact again from its history.
That reads whole partitions: seconds per million records, in which the partition does nothing else. No
rebalance waits for it: should the partition go to another owner meanwhile, that one does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.engine.started import reading_committed
from processors.engine.transaction import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from processors.engine.batch import History, Record

RECORDS_AT_ONCE = 20_000  # the event loop is held this long (about 40 ms) between two heartbeats


def homes_of(topic: str, count: int, keys: Iterable[bytes]) -> dict[bytes, TopicPartition]:
    """Tell the partition of each key, in a topic of `count` partitions."""
    return {key: TopicPartition(topic, partition_of(key, count)) for key in keys}


async def read_history(bootstrap: str, homes: Mapping[bytes, TopicPartition]) -> History:
    """Read every committed record of these keys, each from its partition, up to where that ends now.

    The records of no key, which concern a partition as a whole, come with each of its keys.
    """
    found: dict[bytes, list[Record]] = {key: [] for key in homes}
    partitions = list(set(homes.values()))
    async with reading_committed(bootstrap, partitions) as reader:
        ends = await reader.end_offsets(partitions)
        while any([await reader.position(home) < end for home, end in ends.items()]):
            fetched = await reader.getmany(timeout_ms=100, max_records=RECORDS_AT_ONCE)
            for home, records in fetched.items():
                for record in records:
                    if record.key in found:
                        found[record.key].append(record)
                    elif not record.key:
                        for key in _at_home(homes, home):
                            found[key].append(record)
    return found


def _at_home(homes: Mapping[bytes, TopicPartition], home: TopicPartition) -> list[bytes]:
    return [key for key, one in homes.items() if one == home]
