"""docs/publishing.md is run: its event, its rules, its map, its commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from processors.cli.main import main
from processors.feeds.items import Row
from processors.feeds.lines import open_input
from processors.importers.csv_file import read_csv
from processors.importers.csv_map import load_map
from processors.importers.path_rules import Rule, load_rules
from schemas.ndjson import parse_line

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "publishing.md").read_text("utf-8")
COMMANDS = re.findall(r"stageline [^|\n]*", "\n".join(re.findall(r"^    .*$", PAGE, re.MULTILINE)))


def block(language: str, number: int = 0) -> str:
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return blocks[number]


def test_the_event_is_one() -> None:
    assert parse_line(block("json").strip())["url"] == "/pricing"


def test_the_rules_load_and_do_what_their_comments_say(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(block("yaml"), "utf-8")
    rules = load_rules(file)
    guide = rules.verdict("/guides/one.html", "")
    assert isinstance(guide, Rule)
    assert (guide.as_, guide.buying_stage, guide.gated) == ("asset_download", "awareness", True)
    assert rules.verdict("/admin/x", "") == "ignored by a rule"


def test_the_map_reads_the_export_that_it_is_for(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(block("yaml", 1), "utf-8")
    with open_input(str(ROOT / "tests" / "data" / "csv" / "hubspot-activities.csv")) as source:
        types = [
            item.event["type"] for item in read_csv(source.lines, load_map(file)) if isinstance(item, Row)
        ]
    assert types == ["asset_download", "contact_updated", "form_submitted", "form_submitted"]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_exists_with_its_options(line: str) -> None:
    command: click.Command = main
    words = iter(shlex.split(line)[1:])
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), next(words))
        assert found is not None
        command = found
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_page_has_commands() -> None:
    assert len(COMMANDS) == 6
