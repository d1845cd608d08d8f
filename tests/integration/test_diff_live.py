"""`stageline diff --live` beside a running worker: its own log, up to where its states are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders.live_system import STAGELINE, diff, live_system, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer
    from tests.builders.live_system import Env


@pytest.fixture(scope="module")
def env(broker: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    with live_system(broker, tmp_path_factory.mktemp("live")) as env:
        yield env


def test_the_log_up_to_where_the_states_are_comes_to_those_states_and_to_the_differences(
    env: Env,
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


def test_a_definition_that_is_not_the_running_one_is_noticed_by_the_states(env: Env) -> None:
    other = Path(env["STAGELINE_HOME"]) / "then.yaml"
    ran = diff(env | {"STAGELINE_LIFECYCLE": str(other)}, "--format", "json")
    assert told(ran)["live"]["unlike"] > 0
    assert "are not in the state that small@1.1.0 comes to: set STAGELINE_LIFECYCLE to what" in ran.stderr


def test_the_page_and_the_table_are_made_of_live_data_too(env: Env) -> None:
    page = Path(env["STAGELINE_HOME"]) / "out.html"
    assert diff(env, "--page", str(page)).returncode == 0
    assert "small@1.0.0" in page.read_text()
    assert "eve" in page.with_suffix(".csv").read_text()
    assert "1 of " in diff(env).stdout


def test_the_lab_reads_the_live_log_too(env: Env) -> None:
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
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120)
    two, one = json.loads(ran.stdout)["variants"]
    assert [two[name] for name in ("mqls", "won", "won_contacts", "foreseen")] == [3, 1, 3, 1]
    assert [one[name] for name in ("mqls", "won", "won_contacts", "foreseen")] == [5, 1, 3, 2]


def test_files_and_the_live_system_do_not_mix(env: Env) -> None:
    ran = diff(env, "--events", "x.ndjson")
    assert ran.returncode == 2
    assert "Give --from and --events, or --live without both." in ran.stderr


def test_a_kafka_that_is_away_is_one_line(env: Env) -> None:
    ran = diff(env | {"BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert ran.returncode == 1
    assert ran.stderr == (
        "Error: No Kafka broker answers at 127.0.0.1:1 (KafkaConnectionError)."
        " Start one with `stageline up`, or set BOOTSTRAP_SERVERS to where yours is.\n"
    )
