"""`stageline archive` on a real broker, killed again and again while the topic grows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from processors.archive.folder import open_archive
from processors.archive.manifest import load_about
from processors.topic_admin import ensure_topics
from schemas.archived import Archived
from schemas.codec import encode
from schemas.topics import CONTACT_EVENTS
from tests.builders.kafka import make_producer, read_topic
from tests.builders.story import MONDAY, event

if TYPE_CHECKING:
    from processors.stack.server import LocalServer

STAGELINE = str(Path(sys.executable).with_name("stageline"))


def produce(bootstrap: str, count: int, chance: Random) -> None:
    producer = make_producer(bootstrap)
    for number in range(count):
        contact = f"c{chance.randrange(500)}"
        told = event("page_view", MONDAY, contact_id=contact, event_id=f"e{number}", url="/products/a")
        producer.produce(CONTACT_EVENTS.name, encode(told), contact.encode())
    producer.flush()


def run(bootstrap: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"BOOTSTRAP_SERVERS": bootstrap}
    command = [STAGELINE, "archive", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def archived(folder: Path) -> int:
    about = load_about(folder)
    return 0 if about is None else sum(one.records for one in open_archive(folder).manifests.values())


def wait_until_more_than(before: int, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while archived(folder) <= before:
        assert time.monotonic() < deadline, "nothing is archived"
        time.sleep(0.05)


@pytest.mark.timeout(600)
def test_an_archive_whose_writer_is_killed_six_times_has_every_record_once(
    broker: LocalServer, tmp_path: Path
) -> None:
    chance = Random(7)  # noqa: S311 - reproducible
    ensure_topics(broker.address, partitions=3)
    folder = tmp_path / "archive"
    command = [STAGELINE, "archive", str(folder), "--every", "1"]
    env = os.environ | {"BOOTSTRAP_SERVERS": broker.address}
    for _ in range(6):
        before = archived(folder)
        with subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as writer:
            try:
                produce(broker.address, 3_000, chance)
                wait_until_more_than(before, folder)
                time.sleep(chance.uniform(0, 1.5))
            finally:
                writer.kill()
    assert run(broker.address, str(folder), "--once").returncode == 0
    archive = open_archive(folder)
    found = {(n, one) for n in archive.manifests for one in archive.records(n)}
    rows = list(read_topic(broker.address, CONTACT_EVENTS.name))
    assert found == {(one.partition, Archived(one.key, one.offset, one.value or b"")) for one in rows}
    assert sum(one.records for one in archive.manifests.values()) == len(rows) >= 18_000
    assert run(broker.address, str(folder), "--verify").returncode == 0


def test_a_topic_that_was_made_anew_is_refused(broker: LocalServer, tmp_path: Path) -> None:
    ensure_topics(broker.address, partitions=3)
    folder = tmp_path / "archive"
    produce(broker.address, 300, Random(1))  # noqa: S311 - reproducible
    assert run(broker.address, str(folder), "--once").returncode == 0
    manifest = folder / "partition-00000" / "manifest.json"
    (segment,) = open_archive(folder).manifests[0].segments
    manifest.write_text(manifest.read_text().replace(f'"end": {segment.end}', '"end": 99999999'))
    refused = run(broker.address, str(folder), "--once")
    assert refused.returncode == 1
    assert "offset 99999999 is wanted" in refused.stderr
    assert "Traceback" not in refused.stderr
