from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from processors.cli.main import COMMANDS, main
from schemas.errors import LifecycleError, SchemaError


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


def test_a_wrong_use_exits_with_code_2() -> None:
    assert CliRunner().invoke(main, ["no-such-command"]).exit_code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_the_table_is_there_and_says_what_it_does(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: main {name}")
