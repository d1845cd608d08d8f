"""What can never be processed: its original key, value and headers go to the dead-letter topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.engine.batch import Output
from schemas.topics import DEAD_LETTER

if TYPE_CHECKING:
    from aiokafka import TopicPartition

    from processors.engine.batch import Record


def dead_letter(source: TopicPartition, record: Record, reason: str, stage: str) -> Output:
    """Make the dead letter of a record of `source`.

    `stage` is the step that refused it (`intake`, `lifecycle`, `company`). `stageline-at` is the record's own
    timestamp (ms), so the same record always gives the same dead letter.
    """
    headers = [
        *record.headers,
        ("stageline-reason", reason.encode()),
        ("stageline-topic", source.topic.encode()),
        ("stageline-partition", b"%d" % source.partition),
        ("stageline-offset", b"%d" % record.offset),
        ("stageline-stage", stage.encode()),
        ("stageline-at", b"%d" % record.timestamp),
    ]
    return Output(DEAD_LETTER.name, record.key, record.value, headers)
