"""A running system that has decided about the short history of `tests/builders/lab.py`, and its commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processors.topic_admin import ensure_topics
from schemas.codec import decode_trusted
from schemas.topics import CONTACT_EVENTS
from tests.builders.kafka import Committed, read_topic, record_ends
from tests.builders.lab import FILE, history, view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer
    from tests.builders.lab import Row

    Env = dict[str, str]
    """What a command of the system runs with. Its files `now.yaml`, `then.yaml` are in STAGELINE_HOME."""

STAGELINE = Path(sys.executable).with_name("stageline")
PATIENCE_S = 120.0
EASIER = FILE.replace("at_least: 2", "at_least: 1").replace("1.0.0", "1.1.0")
VISITOR = [
    {**view("v", day), "contact_id": None, "anonymous_id": "v"} for day in (0, 1)
] + [{"type": "contact_identified", "event_id": "i", "contact_id": "fay", "anonymous_id": "v",
      "occurred_at": history()[-1]["occurred_at"]}]  # fmt: skip


@contextmanager
def live_system(broker: LocalServer, home: Path) -> Iterator[Env]:
    """Run one worker under `now.yaml`, that has decided about everything."""
    (home / "now.yaml").write_text(FILE)
    (home / "then.yaml").write_text(EASIER)
    env = os.environ | {
        "BOOTSTRAP_SERVERS": broker.address,
        "STAGELINE_LIFECYCLE": str(home / "now.yaml"),
        "STAGELINE_HOME": str(home),
    }
    ensure_topics(broker.address)
    with (home / "worker.log").open("wb") as log:
        worker = subprocess.Popen([STAGELINE, "worker"], env=env, stdout=log, stderr=log)
    try:
        publish(env, [*history(), *VISITOR])
        wait_until_decided(env, {row["event_id"] for row in [*history(), *VISITOR]})
        yield env
    finally:
        worker.terminate()
        code = worker.wait(60)
    assert code == 0, (home / "worker.log").read_text()


def publish(env: Env, rows: list[Row]) -> None:
    """Publish events."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    subprocess.run([STAGELINE, "publish", "-"], env=env, input=lines.encode(), check=True)


def wait_until_decided(env: Env, wanted: set[str]) -> None:
    """Wait for all events, for what the visitor passes on, and for the lifecycle to have passed them."""
    bootstrap = env["BOOTSTRAP_SERVERS"]
    committed = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        events = [decode_trusted(row.value or b"") for row in read_topic(bootstrap, CONTACT_EVENTS.name)]
        there = wanted <= {event["event_id"] for event in events}
        passed_on = any(event["type"] == "history_transferred" for event in events)
        ends = record_ends(bootstrap, CONTACT_EVENTS.name)  # after all that was read
        if there and passed_on and all(committed()[number] >= end for number, end in ends.items()):
            return
        time.sleep(0.3)
    raise AssertionError("the worker has not decided about everything")


def diff(env: Env, *words: str, to: str = "then.yaml") -> subprocess.CompletedProcess[str]:
    """Run `stageline diff --live` against a file of the system's."""
    wanted = Path(env["STAGELINE_HOME"]) / to
    command: list[str | Path] = [STAGELINE, "diff", "--live", "--to", wanted, *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)


def told(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Read what a command has printed as JSON; it must have ended well."""
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found
