"""What is built beside begins with states worked out from all of history at once, on a real broker."""

from __future__ import annotations

import asyncio
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from processors.engine import building
from processors.engine.lifecycle import Lifecycle
from processors.engine.recovery import PROGRESS_KEY
from processors.lifecycle_files import load_lifecycle
from processors.promotion import from_history
from processors.promotion.generation import generation
from processors.topic_admin import create_like_contact_events, ensure_topics
from schemas.native import BACKEND
from schemas.topics import CONTACT_EVENTS, generation_changelog
from tests.builders.kafka import Row, read_topic
from tests.builders.partition_traffic import Traffic, built_beside
from tests.builders.partitions import Partitions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from processors.replay.job import Job
    from processors.stack.server import LocalServer

PARTITIONS = 2


def write(broker: LocalServer, worker: Partitions, *before: int) -> None:
    """Write what is new in a worker's log, each record at its offset."""
    with KafkaProducer(bootstrap_servers=broker.address) as producer:
        for number, (part, start) in enumerate(zip(worker.parts, before, strict=True)):
            for record in part.records[start:]:
                producer.send(CONTACT_EVENTS.name, record.value, key=record.key, partition=number)


def changelog(broker: LocalServer, generation: int) -> list[Row]:
    return list(read_topic(broker.address, generation_changelog(generation).name))


def states(rows: list[Row]) -> dict[bytes, bytes]:
    return {row.key: row.value for row in rows if row.value is not None and row.key != PROGRESS_KEY}


async def ignore(*_: object) -> None:
    """Look at nothing."""


def test_what_is_worked_out_at_once_is_what_the_log_comes_to_record_by_record(
    broker: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "LEFT", 0)
    old, new = load_lifecycle("clarity"), load_lifecycle("buyers-journey")
    worker = Partitions(Lifecycle(old), PARTITIONS)
    traffic = Traffic(Random(5), worker)  # noqa: S311 - reproducible
    traffic.flow(80)
    ensure_topics(broker.address, PARTITIONS)
    write(broker, worker, 0, 0)
    built = built_beside(worker, new, 50)
    for number, back_end in ((3, "reference"), (4, "")):
        monkeypatch.setenv(BACKEND, back_end)
        create_like_contact_events(broker.address, generation_changelog(number))
        one = generation(new, "", number, 1, status="building", at=0, in_place=False, barriers={})
        asyncio.run(from_history.give_head_start(broker.address, one, ignore))
        rows = changelog(broker, number)
        assert states(rows) == built
        asyncio.run(from_history.give_head_start(broker.address, one, ignore))  # there is nothing left to do
        assert changelog(broker, number) == rows

    before = [len(part.records) for part in worker.parts]
    traffic.flow(20)
    write(broker, worker, *before)
    for number, back_end in ((3, "reference"), (4, "")):
        monkeypatch.setenv(BACKEND, back_end)
        asyncio.run(asyncio.wait_for(building.build(broker.address, new, number, ignore), 120))
        assert states(changelog(broker, number)) == built_beside(worker, new, 50)


def test_work_that_is_given_up_ends_at_once_and_leaves_nothing_behind(
    broker: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_topics(broker.address, PARTITIONS)
    create_like_contact_events(broker.address, generation_changelog(5))
    folders: list[Path] = []

    def replay_for_ever(job: Job, _partitions: list[int], _jobs: int, seen: Callable[[int], None]) -> None:
        folders.append(job.work)
        while True:
            seen(1)
            time.sleep(0.01)

    async def look(what: str, _done: int, _total: int) -> None:
        if what == "events applied":
            raise KeyError(what)

    monkeypatch.setattr(from_history, "replay_parts", replay_for_ever)
    plan = load_lifecycle("clarity")
    one = generation(plan, "", 5, 1, status="building", at=0, in_place=False, barriers={})
    with pytest.raises(KeyError, match="events applied"):
        asyncio.run(from_history.give_head_start(broker.address, one, look))
    assert [folder.exists() for folder in folders] == [False]
    assert changelog(broker, 5) == []
