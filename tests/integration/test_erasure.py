"""Erasure while events of the contact are still coming, then a byte scan of everything for a canary or a key.

Left out are the topics of raw bytes, which keep them for a month: there the scan must find the canaries.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka.admin import ConfigResource

from processors.archive.folder import open_archive
from processors.identity import email_id
from processors.sealing import ID_BYTES
from processors.stack.kafka import kafka_server
from processors.stack.local import QUIET
from processors.stack.valkey import url
from processors.topic_admin import administering, ensure_topics
from projections.store import connect
from schemas.codec import decode_trusted
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS, DEAD_LETTER, ENGAGEMENT, HANDOFF_RESPONSE
from schemas.topics import LIFECYCLE_CHANGELOG as CHANGELOG
from tests.builders.brokers import with_properties
from tests.builders.commands import running
from tests.builders.doctor import wait_until
from tests.builders.kafka import Committed, make_producer, read_topic, record_ends
from tests.builders.views import content_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer
    from tests.builders.commands import Command

STAGELINE = Path(sys.executable).with_name("stageline")
PARTITIONS = 3
RAW = (ENGAGEMENT.name, HANDOFF_RESPONSE.name, DEAD_LETTER.name)
ADDRESS = "ada@canary-address.example"
PEOPLE = ("ada", "ada-old", "anon:visitor", email_id(ADDRESS))  # all one person
CANARIES = (b"canary-address", b"canary-name", b"canary-phone", b"canary-answer", b"canary-note")
EVERYTHING = {
    *((who, text) for who in PEOPLE for text in ("canary-name", "canary-phone", "canary-note")),
    *(("ada", text) for text in (ADDRESS, "canary-answer")),
    (email_id(ADDRESS), ADDRESS),
}
COMPACTED_AT_ONCE = {
    "segment.ms": "500",
    "min.cleanable.dirty.ratio": "0.0001",
    "max.compaction.lag.ms": "500",
    "delete.retention.ms": "0",
    "file.delete.delay.ms": "100",
}


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A Kafka that looks for something to compact twice a second."""
    server = kafka_server(tmp_path_factory.mktemp("eager"), QUIET)
    with with_properties({"log.cleaner.backoff.ms": "500"}):
        server.start()
    try:
        yield server
    finally:
        server.stop()


class Publisher:
    """Sends events to the partitions of engagement in turn, whoever they are about."""

    def __init__(self, bootstrap: str) -> None:
        self.sent = 0
        self._producer = make_producer(bootstrap)

    def send(self, type_: str, **fields: Any) -> None:  # noqa: ANN401 - any event's fields
        event = {"type": type_, "event_id": f"e{self.sent}", "occurred_at": 1_780_000_000_000 + self.sent}
        value = json.dumps(event | fields).encode()
        self._producer.produce(ENGAGEMENT.name, value, partition=self.sent % PARTITIONS)
        self.sent += 1

    def tell_all(self) -> None:
        """Everything personal there is, under each of the person's ids."""
        profile = {"First Name": "canary-name", "phone": "canary-phone", "notes": "canary-note"}
        self.send("contact_updated", contact_id="ada", email=ADDRESS, profile=profile | {"job_title": "CTO"})
        self.send("contact_updated", contact_id="ada-old", profile=profile)
        self.send("contact_updated", anonymous_id="visitor", profile=profile)
        self.send("contact_updated", email=ADDRESS, profile=profile)
        self.send("contact_updated", contact_id="bob", email="bob@x.example", profile={"name": "Bob"})
        for topic in ("need", "challenge", "budget", "timeline"):
            self.send("qualified_answer", contact_id="ada", topic=topic, answer="canary-answer")
        self.send("demo_requested", contact_id="ada", email=ADDRESS)
        self.send("page_view", contact_id="ada", url="https://x.example/products/a")

    def flush(self) -> None:
        assert self._producer.flush(20) == 0


@contextmanager
def system(bootstrap: str, home: Path, valkey: LocalServer) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOTSTRAP_SERVERS", bootstrap)
        patch.setenv("REDIS_URL", url(valkey.port))
        patch.setenv("STAGELINE_HOME", str(home))
        patch.setenv("STAGELINE_STORE", "rocksdb")
        with supervised(home), running(home, "projector"):
            yield


@contextmanager
def supervised(home: Path, **env: str) -> Iterator[None]:
    """A worker, started again when it ends: a broker that has just come up may be too busy for it."""
    with ExitStack() as started:
        for _ in range(4):
            worker = started.enter_context(running(home, "worker", **env))
            wait_until(partial(_is_ready_or_gone, worker), 120)
            if worker.ready():
                break
        assert worker.ready(), worker.log.read_text()
        yield


def _is_ready_or_gone(worker: Command) -> bool:
    return worker.ready() or worker.process.poll() is not None


def stageline(*words: str | Path) -> str:
    ran = subprocess.run([STAGELINE, *words], capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def known() -> set[tuple[str, str]]:
    """What the command still reads of the person, and under which id it was told."""
    rows = map(json.loads, stageline("personal", "ada", "--json").splitlines())
    return {(row["contact_id"], row["value"]) for row in rows}


def decided(bootstrap: str, count: int) -> Callable[[], bool]:
    """Whether as many events as these have come in, and the lifecycle has passed them."""
    intake = Committed(bootstrap, "stageline-intake", ENGAGEMENT.name)
    lifecycle = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)

    def ask() -> bool:
        if sum(intake().values()) < count:
            return False
        at = lifecycle()
        return all(at[number] >= end for number, end in record_ends(bootstrap, CONTACT_EVENTS.name).items())

    return ask


def keys_of(people: tuple[str, ...], bootstrap: str) -> tuple[list[bytes], dict[bytes, bytes | None]]:
    """Every key that these ever had, and the newest rows of contact-keys."""
    rows = [
        row for row in read_topic(bootstrap, CONTACT_KEYS.name) if row.key.split(b"\0")[0].decode() in people
    ]
    return [row.value[ID_BYTES:] for row in rows if row.value], {row.key: row.value for row in rows}


def files_with(
    wanted: tuple[bytes, ...] | list[bytes], folder: Path, *, but: tuple[str, ...] = ()
) -> set[str]:
    """Files that hold one of these, without what lies in partitions of the topics left out.

    Neither are a broker's indexes read: megabytes that are empty but for offsets and times.
    """
    found = set()
    for path in folder.rglob("*"):
        topic = path.parent.name.rpartition("-")[0]
        if path.is_file() and topic not in but and path.suffix not in {".index", ".timeindex"}:
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # compacted away meanwhile
                continue
            if any(one in content for one in wanted):
                found.add(str(path.relative_to(folder)))
    return found


def redis(address: str) -> str:
    client = connect(address)
    return json.dumps({name: content_of(client, name) for name in map(str, client.keys("*"))})


@pytest.mark.timeout(600)
def test_after_an_erasure_in_the_midst_of_events_nothing_holds_a_canary_or_a_key(
    eager: LocalServer, valkey: LocalServer, tmp_path: Path
) -> None:
    bootstrap, data = eager.address, eager.folder / "data"
    home, archive = tmp_path / "home", tmp_path / "archive"
    home.mkdir()
    ensure_topics(bootstrap, partitions=PARTITIONS)
    publisher = Publisher(bootstrap)
    with system(bootstrap, home, valkey):
        publisher.tell_all()
        publisher.send("contact_identified", contact_id="ada-old", anonymous_id="visitor", email=ADDRESS)
        publisher.send("contacts_merged", contact_id="ada", into="ada", other="ada-old")
        publisher.flush()
        wait_until(lambda: known() >= EVERYTHING, 120)
        wait_until(lambda: '"ada"' in redis(os.environ["REDIS_URL"]), 120)
        stageline("archive", archive, "--once")
        assert any(one.key == b"ada" for one in records_of(archive))
        for moment in range(30):
            publisher.tell_all()
            if moment == 15:
                publisher.send("contact_erased", contact_id="ada", email=ADDRESS)
            publisher.flush()
            time.sleep(0.03)
        wait_until(decided(bootstrap, publisher.sent), 120)
        wait_until(lambda: known() == set())  # an offset may be told before the transaction can be read
        used, newest = keys_of(PEOPLE, bootstrap)
        assert len(used) > 300
        assert [key for key, row in newest.items() if row is not None] == []

        with administering(bootstrap) as admin:
            for name in (CONTACT_KEYS.name, CHANGELOG.name):
                admin.alter_configs([ConfigResource("TOPIC", name, COMPACTED_AT_ONCE)])
        deadline = time.monotonic() + 180
        while found := files_with(used, data / f"{CONTACT_KEYS.name}-0"):  # until that is compacted
            assert time.monotonic() < deadline, found
            publisher.send(
                "contact_updated", contact_id="bob", email="bob@x.example", profile={"name": "Bob"}
            )
            publisher.flush()  # something new must close the segment
            time.sleep(0.5)
        assert known() == set()
        stageline("archive", archive, "--once")
        wait_until(lambda: '"ada"' not in redis(os.environ["REDIS_URL"]), 60)
        shown = redis(os.environ["REDIS_URL"]).encode()
        assert not [canary for canary in CANARIES if canary in shown]
    with supervised(home, BOOTSTRAP_SERVERS=bootstrap):
        pass  # it is ready again once it has read all of the compacted changelog
    assert files_with([*CANARIES, *used], data, but=RAW) == set()
    assert files_with(CANARIES, data) != set()  # the raw topics: the scan can find them
    assert files_with([*CANARIES, *used], home) == set()
    left = [one for one in records_of(archive) if one.key == b"ada"]
    assert {decode_trusted(one.value)["type"] for one in left} >= {"contact_erased"}
    assert not [one for one in records_of(archive) if any(canary in one.value for canary in CANARIES)]
    assert files_with([*CANARIES, *used], archive) == set()
    assert keys_of(("bob",), bootstrap)[1][b"bob\0email"] is not None


def records_of(archive: Path) -> list[Any]:
    opened = open_archive(archive)
    return [one for number in opened.manifests for one in opened.records(number)]
