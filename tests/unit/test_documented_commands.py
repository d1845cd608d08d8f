"""Every command line of the README and the documents exists, with its options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from processors.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
COMMANDS = sorted({
    line
    for page in PAGES
    for block in BLOCK.findall(page.read_text("utf-8").replace("\\\n", " "))
    for line in re.findall(r"^stageline ([^|&#<>\n]+)", block, re.MULTILINE)
})  # fmt: skip
SCRIPTS = sorted({
    name for page in PAGES for name in re.findall(r"\bscripts/([a-z]+)\b", page.read_text("utf-8"))
})  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_exists_with_its_options(line: str) -> None:
    command: click.Command = main
    words = shlex.split(line)
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options | {"--help"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_exists(name: str) -> None:
    assert (ROOT / "scripts" / name).is_file()


def test_the_documents_have_commands() -> None:
    assert len(COMMANDS) > 20
    assert {"check", "demo", "test", "fuzz"} <= set(SCRIPTS)
