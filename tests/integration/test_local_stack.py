"""The stack as a person uses it. Most faults are shown on Valkey: the same code, and it starts at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from click.testing import CliRunner, Result

from processors.cli.main import main
from processors.settings import load_settings
from processors.stack.jars import cache_folder, locked_jars
from processors.stack.local import LocalStack, _alone, down, stack_at, up
from processors.stack.ports import HOST
from processors.stack.services import read_services
from processors.stack.valkey import url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.stack.server import LocalServer

SERVICES = Path(__file__).parents[2] / "scripts" / "services"
STAGELINE = Path(sys.executable).with_name("stageline")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "a home"  # with a blank, as some have
    monkeypatch.setenv("STAGELINE_HOME", str(folder))
    monkeypatch.delenv("BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    yield folder
    stageline("down")


@pytest.fixture
def only_valkey(home: Path, bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch) -> LocalStack:
    """A stack whose Kafka is given: `up` starts Valkey only."""
    monkeypatch.setenv("BOOTSTRAP_SERVERS", bootstrap_servers)
    return stack_at(home)


def stageline(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def state() -> dict[str, tuple[str, int | None]]:
    rows = [json.loads(line) for line in stageline("status", "--json").stdout.splitlines()]
    return {row["name"]: (row["state"], row["pid"]) for row in rows}


def test_up_starts_both_servers_and_every_command_finds_them(home: Path) -> None:
    done = stageline("up", "--print-env")
    stack = stack_at(home)
    assert done.stdout.splitlines() == [
        f"export BOOTSTRAP_SERVERS={stack.bootstrap}",
        f"export REDIS_URL={stack.redis_url}",
    ]
    assert load_settings().bootstrap_servers == stack.bootstrap
    assert stageline("status").exit_code == 0
    assert {name: how for name, (how, _) in state().items()} == {"Kafka": "running", "Valkey": "running"}
    assert stageline("down").stderr == "Stopped: Valkey, Kafka.\n"
    assert state() == {"Kafka": ("stopped", None), "Valkey": ("stopped", None)}
    assert stageline("status").exit_code == 1
    assert read_services(home) is None


def test_the_servers_listen_on_loopback_only(tmp_path: Path) -> None:
    stack = stack_at(tmp_path)
    up(stack)
    try:
        for server in (stack.broker, stack.valkey):
            process = server.process()
            assert process is not None
            open_at = {
                each.laddr.ip for each in process.net_connections() if each.status == psutil.CONN_LISTEN
            }
            assert {address.removeprefix("::ffff:") for address in open_at} == {HOST}
    finally:
        down(stack)


@pytest.mark.usefixtures("only_valkey")
def test_a_second_up_leaves_running_what_runs() -> None:
    stageline("up")
    first = state()
    assert stageline("up").exit_code == 0
    assert state() == first


def test_a_given_server_is_used_and_not_started(only_valkey: LocalStack, bootstrap_servers: str) -> None:
    done = stageline("up")
    assert f"Kafka: using {bootstrap_servers} of BOOTSTRAP_SERVERS; none is started." in done.stderr
    assert state()["Kafka"] == ("running", None)
    assert not only_valkey.broker.folder.exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("variable", ["BOOTSTRAP_SERVERS", "REDIS_URL"])
def test_a_given_server_that_does_not_answer_is_refused(
    variable: str, bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTSTRAP_SERVERS", bootstrap_servers)
    monkeypatch.setenv(
        variable, {"BOOTSTRAP_SERVERS": "127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:1"}[variable]
    )
    done = stageline("up")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"Error: {variable}=" in done.stderr
    assert f"unset {variable}" in done.stderr


def test_after_a_crash_the_server_is_started_again_at_the_same_address(only_valkey: LocalStack) -> None:
    stageline("up")
    before = only_valkey.redis_url
    only_valkey.valkey.kill()
    done = stageline("up")
    assert "Valkey: the last run ended without being stopped; starting again." in done.stderr
    assert (only_valkey.redis_url, state()["Valkey"][0]) == (before, "running")


def test_a_pid_that_belongs_to_another_program_by_now_is_left_alone(only_valkey: LocalStack) -> None:
    stageline("up")
    only_valkey.valkey.stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        only_valkey.valkey.pid_file.write_text(str(other.pid), encoding="utf-8")
        assert stageline("up").exit_code == 0
        assert stageline("down").stderr == "Stopped: Valkey.\n"
        assert other.poll() is None
        other.kill()


def test_the_stack_of_another_home_is_left_alone(only_valkey: LocalStack, valkey: LocalServer) -> None:
    stageline("up")
    only_valkey.valkey.pid_file.unlink()
    assert stageline("down").stderr == "Stopped: Valkey.\n"
    assert valkey.process() is not None


def test_a_server_whose_pid_file_was_lost_is_found_again(only_valkey: LocalStack) -> None:
    stageline("up")
    pid = state()["Valkey"][1]
    only_valkey.valkey.pid_file.unlink()
    stageline("up")
    assert state()["Valkey"] == ("running", pid)


def test_a_port_taken_since_gives_a_new_address_and_says_so(only_valkey: LocalStack) -> None:
    stageline("up")
    before = only_valkey.valkey.port
    only_valkey.valkey.stop()
    with socket.create_server((HOST, before)):
        done = stageline("up")
    assert f"Port {before} (Valkey) is taken by another program: choosing a new one." in done.stderr
    assert only_valkey.valkey.port != before
    assert load_settings().redis_url == url(only_valkey.valkey.port)


def test_a_paused_server_is_silent_and_still_stops(only_valkey: LocalStack) -> None:
    stageline("up")
    only_valkey.valkey.pause()
    assert state()["Valkey"][0] == "silent"
    assert stageline("down").stderr == "Stopped: Valkey.\n"


def test_a_server_that_cannot_start_says_why_and_is_not_left_behind(only_valkey: LocalStack) -> None:
    only_valkey.valkey.folder.mkdir(parents=True)
    (only_valkey.valkey.folder / "dump.rdb").write_bytes(b"not a dump")
    done = stageline("up")
    assert done.exit_code == 1
    assert "Valkey ended while starting: " in done.stderr
    assert str(only_valkey.valkey.log) in done.stderr
    assert state()["Valkey"] == ("stopped", None)


def test_a_home_that_is_no_folder_is_refused(home: Path) -> None:
    home.write_text("a file", encoding="utf-8")
    done = stageline("up")
    assert (done.exit_code, "STAGELINE_HOME" in done.stderr) == (1, True)
    home.unlink()


def test_foreign_data_is_refused_and_left_alone(home: Path) -> None:
    thesis = home / "kafka" / "data" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("mine", encoding="utf-8")
    done = stageline("up")
    assert (done.exit_code, thesis.read_text(encoding="utf-8")) == (1, "mine")
    assert f"{thesis.parent} was not made by this local stack" in done.stderr


@pytest.mark.usefixtures("home")
def test_a_tampered_jar_is_refused_by_name(
    bootstrap_servers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bootstrap_servers  # whoever started it has filled the cache, unless it runs elsewhere
    real = cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if real.exists():
        shutil.copytree(real, cache_folder())
    victim = cache_folder() / locked_jars()[1].file
    victim.parent.mkdir(parents=True, exist_ok=True)
    victim.write_bytes(b"PK\x03\x04 not Kafka")
    done = stageline("up")
    assert done.exit_code == 1
    assert f"{victim} has SHA-256" in done.stderr
    assert "Remove that file and run this again" in done.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_after_an_interrupted_first_start_the_next_one_works(home: Path, sent: signal.Signals) -> None:
    stack = stack_at(home)
    with subprocess.Popen([STAGELINE, "up"], env=os.environ, stderr=subprocess.DEVNULL) as first:
        while not stack.broker.pid_file.exists():
            assert first.poll() is None
            time.sleep(0.02)
        first.send_signal(sent)
    assert first.returncode != 0
    assert (stack.broker.process() is None) == (sent == signal.SIGINT)  # Ctrl-C cleans up
    assert stageline("up").exit_code == 0
    assert state()["Kafka"][0] == "running"


def test_a_start_waits_while_another_command_works_on_the_same_home(only_valkey: LocalStack) -> None:
    with _alone(only_valkey):
        second = subprocess.Popen([STAGELINE, "up"], env=os.environ, stderr=subprocess.PIPE, text=True)
        assert second.stderr is not None
        assert next(line for line in second.stderr if "works on" in line).endswith("waiting for it.\n")
        assert only_valkey.valkey.process() is None
    assert second.wait() == 0
    assert only_valkey.valkey.process() is not None


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("word", "code"), [("status", 1), ("stop", 0), ("begin", 2)])
def test_the_services_script_is_the_same_by_other_words(word: str, code: int) -> None:
    assert subprocess.run([SERVICES, word], capture_output=True, check=False).returncode == code
