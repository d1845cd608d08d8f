"""`stageline publish` and the importers against a genuine broker of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, TopicPartition

from processors.feeds import checkpoint
from processors.publish import DeliveryError, Publisher
from processors.topic_admin import delete_if_there, ensure_topics
from schemas.codec import decode
from schemas.ndjson import parse_line
from schemas.topics import ENGAGEMENT, HANDOFF_RESPONSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer
    from schemas.events import Event
from schemas.topics import Topic

STAGELINE = [sys.executable, "-c", "from processors.cli.main import main; main()"]
DATA = Path(__file__).parents[1] / "data"
LOG = DATA / "access.log.gz"
CSV, MAP = DATA / "csv" / "hubspot-activities.csv", DATA / "csv" / "hubspot-activities.map.yaml"


@pytest.fixture(scope="module")
def address(broker: LocalServer) -> str:
    return broker.address


@pytest.fixture
def topics(address: str) -> None:
    ensure_topics(address)


def stageline(*args: str, address: str, stdin: bytes = b"", home: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*STAGELINE, *args], input=stdin, capture_output=True, check=False, timeout=120, cwd=home,
        env=os.environ | {"BOOTSTRAP_SERVERS": address, "STAGELINE_HOME": str(home)},
    )  # fmt: skip


def view(contact: str, event_id: str) -> bytes:
    row = {"type": "page_view", "event_id": event_id, "contact_id": contact, "url": "/a"}
    return json.dumps(row | {"occurred_at": "2026-03-01T09:30:00Z"}).encode() + b"\n"


def published(address: str, topic: Topic, wanted: Callable[[Event], bool]) -> Iterator[tuple[bytes, Event]]:
    """Every record of the topic whose event is wanted, in order within each partition."""
    with KafkaConsumer(
        bootstrap_servers=address, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        numbers = consumer.partitions_for_topic(topic.name)
        partitions = [TopicPartition(topic.name, number) for number in numbers]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(one) < ends[one] for one in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    event = decode(record.value)
                    if wanted(event):
                        yield record.key, event


def ids(address: str, contact: str) -> list[str]:
    return [
        event["event_id"]
        for _, event in published(address, ENGAGEMENT, lambda one: one["contact_id"] == contact)
    ]


def test_a_missing_topic_is_told_with_the_remedy(address: str, tmp_path: Path) -> None:
    delete_if_there(address, [ENGAGEMENT.name])
    ran = stageline("publish", "-", address=address, stdin=view("c1", "e1"), home=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert b"Topic engagement does not exist" in ran.stderr
    assert b"stageline topics create" in ran.stderr


def test_a_wrong_address_is_told_soon(tmp_path: Path) -> None:
    started = time.monotonic()
    ran = stageline("publish", "-", address="127.0.0.1:1", stdin=view("c1", "e1"), home=tmp_path)
    assert time.monotonic() - started < 45  # ten, and the start of Python; a client alone waits 60
    assert ran.returncode == 1
    assert b"127.0.0.1:1" in ran.stderr
    assert b"BOOTSTRAP_SERVERS" in ran.stderr


@pytest.mark.usefixtures("topics")
def test_every_contact_finds_its_events_in_order_under_its_own_key(
    address: str, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    contacts = [unique(f"contact{number}") for number in range(20)]
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"".join(view(contact, f"e{number}") for number in range(100) for contact in contacts))
    ran = stageline("publish", str(file), "--json", address=address, home=tmp_path)
    assert (ran.returncode, json.loads(ran.stdout)["events"]) == (0, 2_000)
    found: dict[str, list[str]] = {contact: [] for contact in contacts}
    for key, event in published(address, ENGAGEMENT, lambda one: one["contact_id"] in found):
        assert key.decode() == event["contact_id"]
        found[event["contact_id"]].append(event["event_id"])
    assert all(events == [f"e{number}" for number in range(100)] for events in found.values())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["events.ndjson"]  # no checkpoint, no rejects


@pytest.mark.usefixtures("topics")
def test_dead_rows_are_told_by_line_and_kept_while_the_others_are_published(
    address: str, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    contact, rejects = unique("contact"), tmp_path / "rejects.ndjson"
    rows = view(contact, "e1") + b'{"type": "page_veiw"}\n' + view(contact, "e2")
    ran = stageline("publish", "-", "--rejects", str(rejects), address=address, stdin=rows, home=tmp_path)
    assert ran.returncode == 1
    assert b"line 2: event type 'page_veiw' is not known; did you mean page_view?" in ran.stderr
    (refused,) = map(json.loads, rejects.read_text("utf-8").splitlines())
    assert (refused["line"], refused["original"]) == (2, '{"type": "page_veiw"}')
    assert ids(address, contact) == ["e1", "e2"]
    ran = stageline("publish", "-", "--allow-rejects", address=address, stdin=rows, home=tmp_path)
    assert ran.returncode == 0


@pytest.mark.usefixtures("topics")
def test_an_interrupted_run_tells_how_far_it_came_and_goes_on_from_there(
    address: str, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    contact, count = unique("contact"), 25_000
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"".join(view(contact, f"e{number}") for number in range(count)))
    running = subprocess.Popen(
        [*STAGELINE, "publish", str(file)], stderr=subprocess.PIPE, cwd=tmp_path,
        env=os.environ | {"BOOTSTRAP_SERVERS": address},
    )  # fmt: skip
    mark = checkpoint.beside(str(file))
    while not mark.exists():
        assert running.poll() is None, "it was over before it could be interrupted"
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=120)
    assert running.returncode == 130
    assert b"Interrupted." in told
    done = json.loads(mark.read_text("utf-8"))["line"]
    assert 0 < done < count
    ran = stageline("publish", str(file), "--resume", "--json", address=address, home=tmp_path)
    assert (ran.returncode, json.loads(ran.stdout)["events"]) == (0, count - done)
    assert not mark.exists()
    assert set(ids(address, contact)) == {f"e{number}" for number in range(count)}


@pytest.mark.usefixtures("topics")
def test_a_log_is_published_without_a_pipe_and_through_one(address: str, tmp_path: Path) -> None:
    to = ("--allow-rejects", "--rejects", "rejects.ndjson", "--site", "https://www.semicomplete.com")
    direct = stageline("import", "access-log", str(LOG), *to, "--json", address=address, home=tmp_path)
    assert (direct.returncode, json.loads(direct.stdout)["events"]) == (0, 1620)
    written = stageline("import", "access-log", str(LOG), *to, "--to", "-", address="nowhere", home=tmp_path)
    assert written.stdout.count(b"\n") == 1620
    piped = stageline("publish", "-", address=address, stdin=written.stdout, home=tmp_path)
    assert piped.returncode == 0
    events = [
        event for _, event in published(address, ENGAGEMENT, lambda one: one["anonymous_id"] is not None)
    ]
    assert len(events) == 2 * 1620
    assert len({event["event_id"] for event in events}) == 1620


@pytest.mark.usefixtures("topics")
def test_an_export_goes_on_after_its_checkpoint(address: str, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(CSV.read_bytes())
    checkpoint.save(str(file), 3)  # the event of line 4 is the first that was not acknowledged
    given = ("--map", str(MAP), "--resume", "--json")
    ran = stageline("import", "csv", str(file), *given, address=address, home=tmp_path)
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["lines"], told["events"], told["refused"]) == (1, 12, 4, 3)
    assert not checkpoint.beside(str(file)).exists()
    found = published(address, ENGAGEMENT, lambda one: one["source"] == "hubspot")
    assert {event["event_id"] for _, event in found} == {"9003", "9004", "9005", "9009"}


@pytest.mark.usefixtures("topics")
def test_answers_to_hand_offs_go_to_their_own_topic(
    address: str, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    contact = unique("contact")
    answer = view(contact, "a1").replace(b"page_view", b"handoff_accepted").replace(b'"url": "/a", ', b"")
    ran = stageline("publish", "-", address=address, stdin=answer, home=tmp_path)
    assert ran.returncode == 0
    assert [
        (key.decode(), event["event_id"])
        for key, event in published(address, HANDOFF_RESPONSE, lambda one: one["contact_id"] == contact)
    ] == [(contact, "a1")]


@pytest.mark.usefixtures("topics")
def test_nothing_is_lost_or_reordered_when_the_broker_is_killed_and_comes_back(
    broker: LocalServer, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    contact, count = unique("contact"), 25_000
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"".join(view(contact, f"e{number}") for number in range(count)))
    running = subprocess.Popen(
        [*STAGELINE, "publish", str(file)], stderr=subprocess.DEVNULL, cwd=tmp_path,
        env=os.environ | {"BOOTSTRAP_SERVERS": broker.address},
    )  # fmt: skip
    while not Path(f"{file}.checkpoint").exists():
        assert running.poll() is None, "it was over before the broker could be killed"
        time.sleep(0.01)
    broker.kill()
    broker.start()
    assert running.wait(timeout=200) == 0
    assert ids(broker.address, contact) == [f"e{number}" for number in range(count)]


@pytest.mark.usefixtures("topics")
def test_a_broker_that_hangs_is_told_and_nothing_is_sent_behind_our_back(
    broker: LocalServer, unique: Callable[[str], str]
) -> None:  # the last test here: a broker stopped for so long needs a while to lead its partitions again
    contact = unique("contact")
    with Publisher(broker.address, delivery_ms=11_000) as publisher:
        publisher.send(1, parse_line(view(contact, "e1")))
        publisher.flush()
        broker.pause()
        try:
            started = time.monotonic()
            publisher.send(2, parse_line(view(contact, "e2")))
            with pytest.raises(DeliveryError, match="row 2 was not acknowledged") as failed:
                publisher.flush()
            took = time.monotonic() - started
        finally:
            broker.resume()
    assert (took < 30, publisher.acknowledged, failed.value.line) == (True, 1, 2)
    assert [thread.name for thread in threading.enumerate() if "kafka-python-producer" in thread.name] == []
