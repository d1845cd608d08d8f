"""`stageline worker` on a broker of its own: published bytes in, stage changes read by another client out."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from processors.topic_admin import ensure_topics
from schemas.codec import decode_trusted
from schemas.topics import CONTACT_EVENTS, DEAD_LETTER, ENGAGEMENT, MQL_HANDOFF, STAGE_CHANGED
from tests.builders.kafka import Row, make_producer, read_topic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer

LIFECYCLE = """
lifecycle: 1
id: two-stages
version: 1.0.0
behaviours:
  demo: {event: demo_requested}
stages:
  - id: lead
    name: Lead
    definition: Asked for a demo.
    owner: marketing
    goal: Answer.
    enter: {did: {what: demo}}
    handoff: {to: sales, accept_within: 4h, clock: wall}
    leave: [{goto: cold, after: 3s, reason: nobody answered}]
  - {id: cold, detour: true, terminal: true, owner: marketing, definition: Was left alone., goal: None.}
"""
PATIENCE_S = 90.0
STAGELINE = Path(sys.executable).with_name("stageline")


@pytest.fixture(scope="module")
def bootstrap(broker: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker with one worker on it."""
    home = tmp_path_factory.mktemp("worker")
    (home / "two-stages.yaml").write_text(LIFECYCLE)
    env = os.environ | {
        "BOOTSTRAP_SERVERS": broker.address,
        "STAGELINE_LIFECYCLE": str(home / "two-stages.yaml"),
        "STAGELINE_HOME": str(home),
    }
    ensure_topics(broker.address)
    with (home / "worker.log").open("wb") as log:
        worker = subprocess.Popen([STAGELINE, "worker"], env=env, stdout=log, stderr=log)
    yield broker.address
    worker.terminate()
    assert worker.wait(60) == 0, (home / "worker.log").read_text()


def test_a_demo_request_becomes_a_stage_change_and_a_handoff_that_another_client_can_read(
    bootstrap: str,
) -> None:
    _publish(bootstrap, _demo("c1"))
    row, *_ = _wait_for(bootstrap, STAGE_CHANGED.name, 1, "c1")
    change = decode_trusted(row.value or b"")
    assert (change["from"], change["to"], change["cause"]["event_id"]) == (None, "lead", "demo-c1")
    identity = ["c1", "stage_changed", 0, 1, None, "lead", None, None, change["plan_hash"]]
    assert row.headers | {"ce_time": b""} == {
        "ce_specversion": b"1.0",
        "ce_id": hashlib.sha256(json.dumps(identity).encode()).hexdigest().encode(),
        "ce_type": b"stageline.stage_changed.v1",
        "ce_source": b"/stageline/two-stages@1.0.0",
        "ce_time": b"",
        "content-type": b"application/avro",
    }
    offered, *_ = _wait_for(bootstrap, MQL_HANDOFF.name, 1, "c1")
    assert decode_trusted(offered.value or b"")["action"] == "offered"


def test_a_timer_fires_through_the_log_soon_after_its_time(bootstrap: str) -> None:
    _publish(bootstrap, _demo("c2"))
    _, left = [decode_trusted(row.value or b"") for row in _wait_for(bootstrap, STAGE_CHANGED.name, 2, "c2")]
    late = time.time() * 1000 - left["at"]
    assert (left["from"], left["to"], left["reason"]) == ("lead", "cold", "nobody answered")
    assert 0 <= late < 45_000, late  # a second between two looks at the clock, the log, all other work
    clocks = [row for row in read_topic(bootstrap, CONTACT_EVENTS.name) if row.key == b""]
    assert decode_trusted(clocks[-1].value or b"")["type"] == "clock_advanced"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("unknown event type", b'{"type": "page_wiew", "event_id": "e1"}', "page_wiew"),
        ("no contact", b'{"type": "demo_requested"}', "event_id"),
        ("broken Avro", bytes.fromhex("c301") + b"\x00" * 20, "fingerprint"),
        ("a megabyte of nothing", b" " * 1_048_000, "JSON"),
        ("no bytes", b"", "empty"),
    ],
)
def test_poison_is_set_aside_with_its_bytes_and_reason_and_the_worker_goes_on(
    bootstrap: str, name: str, value: bytes, reason: str
) -> None:
    key = name.replace(" ", "-")
    _publish(bootstrap, (key.encode(), value), headers=[("trace", b"t1")])
    _publish(bootstrap, _demo(f"after-{key}"))
    (letter,) = _wait_for(bootstrap, DEAD_LETTER.name, 1, key)
    assert letter.value == value
    assert reason in letter.headers["stageline-reason"].decode()
    assert letter.headers["trace"] == b"t1"
    assert letter.headers["stageline-topic"] == ENGAGEMENT.name.encode()
    assert _wait_for(bootstrap, STAGE_CHANGED.name, 1, f"after-{key}")


def test_the_same_event_sent_twice_moves_the_contact_once(bootstrap: str) -> None:
    _publish(bootstrap, _demo("c3"))
    _publish(bootstrap, _demo("c3"))
    _wait_for(bootstrap, CONTACT_EVENTS.name, 2, "c3")
    _publish(bootstrap, _demo("c4"))
    _wait_for(bootstrap, STAGE_CHANGED.name, 1, "c4")
    changes = [decode_trusted(row.value or b"") for row in _wait_for(bootstrap, STAGE_CHANGED.name, 1, "c3")]
    assert [change["to"] for change in changes].count("lead") == 1


def test_a_merge_is_undone_from_the_history_in_the_log(bootstrap: str) -> None:
    _publish(bootstrap, _demo("ann"))
    _wait_for(bootstrap, CONTACT_EVENTS.name, 1, "ann")  # what bob's partition tells her may be sooner
    _publish(bootstrap, _demo("bob"))
    for number, kind in enumerate(("contacts_merged", "merge_undone")):
        event = {"type": kind, "event_id": f"m{number}", "occurred_at": int(time.time() * 1000)}
        event |= {"contact_id": "ann", "into": "ann", "other": "bob"}
        _publish(bootstrap, (b"bob", json.dumps(event).encode()))
    rows = _wait_for(bootstrap, CONTACT_EVENTS.name, 3, "ann")  # her demo, his history, the undoing passed on
    types = [decode_trusted(row.value or b"")["type"] for row in rows]
    assert types == ["demo_requested", "history_transferred", "merge_undone"]
    _publish(bootstrap, _demo("eve"))
    assert _wait_for(bootstrap, STAGE_CHANGED.name, 1, "eve")  # and the worker goes on


def _demo(contact: str) -> tuple[bytes, bytes]:
    event = {
        "type": "demo_requested",
        "event_id": f"demo-{contact}",
        "contact_id": contact,
        "occurred_at": int(time.time() * 1000),
    }
    return contact.encode(), json.dumps(event).encode()


def _publish(bootstrap: str, record: tuple[bytes, bytes], headers: Any = None) -> None:  # noqa: ANN401
    producer = make_producer(bootstrap)
    producer.produce(ENGAGEMENT.name, record[1], record[0], headers=headers)
    producer.flush()


def _wait_for(bootstrap: str, topic: str, count: int, key: str) -> list[Row]:
    """Return the key's records once there are that many."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rows = [row for row in read_topic(bootstrap, topic) if row.key == key.encode()]
        if len(rows) >= count:
            return rows
        assert time.monotonic() < deadline, f"{topic}: {len(rows)} of {count} records for {key}"
        time.sleep(0.1)
