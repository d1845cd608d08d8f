"""A log that workers in changing numbers decided, some of them killed, replayed from the archive."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest

from processors.engine.outputs import PUBLISHED
from processors.lifecycle_files import load_lifecycle
from processors.replay.by_contact import ByContact
from processors.topic_admin import ensure_topics
from schemas.topics import CONTACT_EVENTS, LIFECYCLE_CHANGELOG
from tests.builders.archives import Topic
from tests.builders.kafka import make_producer, read_topic
from tests.chaos.crash import PARTITIONS, Fleet
from tests.chaos.lifecycle import CYCLES, LifecycleSubject

if TYPE_CHECKING:
    from pathlib import Path

    from processors.archive.folder import Archive
    from processors.stack.server import LocalServer
    from tests.chaos.oracle import Outputs

EVENTS = 2_000  # for each number of workers


@pytest.mark.timeout(400)
def test_replay_of_the_archive_is_what_1_2_and_4_workers_decided_through_kills(
    broker: LocalServer, tmp_path: Path
) -> None:
    ensure_topics(broker.address, partitions=PARTITIONS)
    subject = LifecycleSubject(broker.address)
    for workers in (1, 2, 4):
        work_with(subject, broker.address, tmp_path, workers)
    outputs, states = replayed(archived(broker.address, subject, tmp_path))
    found = subject._outputs()
    assert sum(map(len, found.values())) > 1_000
    assert {key: outputs[key] for key in found} == found
    assert sum(map(len, outputs.values())) == sum(map(len, found.values()))
    kept = {row.key: row.value for row in read_topic(broker.address, LIFECYCLE_CHANGELOG.name)}
    assert {key: kept[key] for key in states} == states


def work_with(subject: LifecycleSubject, bootstrap: str, logs: Path, workers: int) -> None:
    """Let so many workers work off what is sent; one is killed meanwhile."""
    fleet = Fleet(subject, logs, workers=workers)
    try:
        before = sum(subject.progress().values())
        send(bootstrap, subject, seed=workers)
        fleet.wait(lambda: sum(subject.progress().values()) > before)
        fleet.kill(0)
        fleet.wait(subject.finished)
    finally:
        fleet.stop()


def send(bootstrap: str, subject: LifecycleSubject, seed: int) -> None:
    producer = make_producer(bootstrap)
    for key, value in subject.events(EVENTS, seed):
        producer.produce(subject.source, value, key)
    producer.flush()


def archived(bootstrap: str, subject: LifecycleSubject, root: Path) -> Archive:
    """Archive the log as far as it was decided: clock records come until the last worker ends."""
    decided = subject._decided()
    topic = Topic(root / "archive", PARTITIONS)
    for row in read_topic(bootstrap, CONTACT_EVENTS.name):
        if row.offset < decided[row.partition]:
            topic.add_row(row)
    return topic.archive(pieces=3)


def replayed(archive: Archive) -> tuple[Outputs, dict[bytes, bytes]]:
    fold = ByContact(load_lifecycle(str(CYCLES)), archive)
    outputs: Outputs = defaultdict(list)
    states = {}
    for partition in archive.manifests:
        for key, own in groupby(archive.records(partition), key=attrgetter("key")):
            changes: list[dict[str, Any]] = []
            if key:
                states[key] = fold.fold(key, own, changes.append).state()
            for change in changes:
                if change["record"] in PUBLISHED:
                    outputs[PUBLISHED[change["record"]], key].append(change)
    return outputs, states
