from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from processors.cli.live import definition_of
from processors.cli.main import COMMANDS, main
from schemas.errors import LifecycleError, SchemaError

STAGELINE = Path(sys.executable).with_name("stageline")


@pytest.mark.parametrize("refusal", [LifecycleError, SchemaError])
def test_a_refusal_is_one_line_on_stderr_and_exit_code_1(
    refusal: type[ValueError], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command
    def refuse() -> None:
        raise refusal("acme.yaml:3:1: no stage named 'sol'.")

    monkeypatch.setitem(main.commands, "refuse", refuse)
    result = CliRunner().invoke(main, ["refuse"])
    assert (result.exit_code, result.stdout, result.stderr) == (
        1,
        "",
        "Error: acme.yaml:3:1: no stage named 'sol'.\n",
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "out.ndjson"), "out.ndjson: Permission denied."),
        (FileNotFoundError(errno.ENOENT, "No such file", Path("a/b")), f"{Path('a/b')}: No such file."),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "No space left on device: make room, then run this again.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_and_a_full_disk_are_told_in_one_line(
    error: OSError, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command
    def fail() -> None:
        raise error

    monkeypatch.setitem(main.commands, "fail", fail)
    result = CliRunner().invoke(main, ["fail"])
    assert (result.exit_code, result.stderr) == (1, f"Error: {told}\n")


def test_any_other_error_of_the_system_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command
    def fail() -> None:
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    monkeypatch.setitem(main.commands, "fail", fail)
    with pytest.raises(ConnectionResetError):
        CliRunner().invoke(main, ["fail"], catch_exceptions=False)


def test_a_terminal_that_knows_few_characters_is_shown_the_numbers_of_the_others() -> None:
    result = CliRunner(charset="ascii").invoke(main, ["explain", "full"])
    assert (result.exit_code, "\\u201c" in result.stdout) == (0, True)


@pytest.mark.parametrize("words", [["promote", "clarity"], ["promote", "--abort"], ["rollback"]])
def test_a_promotion_without_a_broker_is_refused_in_one_line_and_leaves_nothing_open(
    words: list[str], tmp_path: Path
) -> None:
    environment = {"BOOTSTRAP_SERVERS": "127.0.0.1:1", "STAGELINE_HOME": str(tmp_path)}
    told = subprocess.run([STAGELINE, *words], env=environment, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1)
    assert told.stderr.startswith("Error: No Kafka broker answers at 127.0.0.1:1 ")


def test_a_definition_that_is_no_text_is_refused_as_any_other_mistake_in_it(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_bytes(b"\xff\n")
    with pytest.raises(LifecycleError, match=r"acme\.yaml:1:1: not valid UTF-8"):
        definition_of(str(file))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["promote", "clarity", "--json"], "--json goes with --dry-run"),
        (["promote", "--abort", "--dry-run"], "--abort goes alone"),
        (["promote", "--abort", "--from-history"], "--abort goes alone"),
        (["archive", "--verify", "--compact"], "--verify, --compact and --once go alone"),
        (["archive", "--compact", "--once"], "--verify, --compact and --once go alone"),
    ],
)
def test_nothing_begins_where_an_option_would_not_be_heard(words: list[str], why: str) -> None:
    told = CliRunner().invoke(main, words)
    assert (told.exit_code, why in told.stderr) == (2, True)


def test_a_wrong_use_exits_with_code_2() -> None:
    assert CliRunner().invoke(main, ["no-such-command"]).exit_code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_the_table_is_there_and_says_what_it_does(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: main {name}")
