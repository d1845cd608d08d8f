"""`stageline diff --live` beside a running worker: its own log, up to where its states are."""

from __future__ import annotations

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
from schemas.topics import CONTACT_EVENTS
from tests.builders.kafka import Committed, read_topic, record_ends
from tests.builders.lab import FILE, history, view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer

STAGELINE = Path(sys.executable).with_name("stageline")
PATIENCE_S = 60.0
EASIER = FILE.replace("at_least: 2", "at_least: 1").replace("1.0.0", "1.1.0")
VISITOR = [
    {**view("v", day), "contact_id": None, "anonymous_id": "v"} for day in (0, 1)
] + [{"type": "contact_identified", "event_id": "i", "contact_id": "fay", "anonymous_id": "v",
      "occurred_at": history()[-1]["occurred_at"]}]  # fmt: skip


@pytest.fixture(scope="module")
def env(broker: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A system that has decided about a short history, and what its commands run with."""
    home = tmp_path_factory.mktemp("live")
    (home / "now.yaml").write_text(FILE)
    (home / "then.yaml").write_text(EASIER)
    env = os.environ | {
        "BOOTSTRAP_SERVERS": broker.address,
        "STAGELINE_LIFECYCLE": str(home / "now.yaml"),
        "STAGELINE_HOME": str(home),
    }
    ensure_topics(broker.address)
    rows = "".join(json.dumps(row) + "\n" for row in [*history(), *VISITOR])
    with (home / "worker.log").open("wb") as log:
        worker = subprocess.Popen([STAGELINE, "worker"], env=env, stdout=log, stderr=log)
    subprocess.run([STAGELINE, "publish", "-"], env=env, input=rows.encode(), check=True)
    _wait_until_decided(broker.address, {row["event_id"] for row in [*history(), *VISITOR]})
    yield env
    worker.terminate()
    assert worker.wait(20) == 0, (home / "worker.log").read_text()


def _wait_until_decided(bootstrap: str, wanted: set[str]) -> None:
    """Wait for all events, for what the visitor passes on, and for the lifecycle to have passed them."""
    committed = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        ends = record_ends(bootstrap, CONTACT_EVENTS.name)
        events = [decode_trusted(row.value or b"") for row in read_topic(bootstrap, CONTACT_EVENTS.name)]
        there = wanted <= {event["event_id"] for event in events}
        passed_on = any(event["type"] == "history_transferred" for event in events)
        if there and passed_on and all(committed()[number] >= end for number, end in ends.items()):
            return
        time.sleep(0.3)
    raise AssertionError("the worker has not decided about everything")


def diff(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    then = Path(env["STAGELINE_HOME"]) / "then.yaml"
    command: list[str | Path] = [STAGELINE, "diff", "--live", "--to", str(then), *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


def told(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_the_log_up_to_where_the_states_are_comes_to_those_states_and_to_the_differences(
    env: dict[str, str],
) -> None:
    ran = diff(env, "--format", "json")
    found = told(ran)
    assert found["live"]["unlike"] == 0
    assert "STAGELINE_LIFECYCLE" not in ran.stderr
    assert found["live"]["contacts"] == found["contacts"] + 1  # the visitor, who is part of fay now
    moved = {(one["contact_id"], one["from_stage"], one["to_stage"]) for one in found["differences"]}
    assert moved == {("eve", "none", "mql")}  # cid has won since; fay was a visitor with two views
    assert found["handoffs"]["from"] == 3  # ann, bob, fay
    assert found["handoffs"]["to"] == 5  # and cid, eve


def test_a_definition_that_is_not_the_running_one_is_noticed_by_the_states(env: dict[str, str]) -> None:
    other = Path(env["STAGELINE_HOME"]) / "then.yaml"
    ran = diff(env | {"STAGELINE_LIFECYCLE": str(other)}, "--format", "json")
    assert told(ran)["live"]["unlike"] > 0
    assert "are not in the state that small@1.1.0 comes to: set STAGELINE_LIFECYCLE to what" in ran.stderr


def test_the_page_and_the_table_are_made_of_live_data_too(env: dict[str, str]) -> None:
    page = Path(env["STAGELINE_HOME"]) / "out.html"
    assert diff(env, "--page", str(page)).returncode == 0
    assert "small@1.0.0" in page.read_text()
    assert "eve" in page.with_suffix(".csv").read_text()
    assert "1 of " in diff(env).stdout


def test_the_lab_reads_the_live_log_too(env: dict[str, str]) -> None:
    now = env["STAGELINE_LIFECYCLE"]
    vary = "stages.mql.enter.did.at_least=1..2"
    command: list[str | Path] = [
        STAGELINE,
        "lab",
        now,
        "--live",
        "--vary",
        vary,
        "--within",
        "30",
        "--format",
        "json",
    ]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60)
    two, one = json.loads(ran.stdout)["variants"]
    assert [two[name] for name in ("mqls", "won", "won_contacts", "foreseen")] == [3, 1, 3, 1]
    assert [one[name] for name in ("mqls", "won", "won_contacts", "foreseen")] == [5, 1, 3, 2]


def test_files_and_the_live_system_do_not_mix(env: dict[str, str]) -> None:
    ran = diff(env, "--events", "x.ndjson")
    assert ran.returncode == 2
    assert "Give --from and --events, or --live without both." in ran.stderr


def test_a_kafka_that_is_away_is_one_line(env: dict[str, str]) -> None:
    ran = diff(env | {"BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert ran.returncode == 1
    assert ran.stderr == (
        "Error: No Kafka broker answers at 127.0.0.1:1 (KafkaConnectionError)."
        " Start one with `stageline up`, or set BOOTSTRAP_SERVERS to where yours is.\n"
    )
