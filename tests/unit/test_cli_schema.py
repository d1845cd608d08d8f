from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from processors.cli.main import main
from schemas.events import FOLDER, RECORDS

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["schema", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of our schemas, without the list of released ones."""
    copy = tmp_path / "avro"
    shutil.copytree(str(FOLDER), copy)
    (copy / "released.json").unlink()
    return copy


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_list_names_every_record_as_a_table_or_as_json() -> None:
    facts = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [(fact["record"], fact["version"]) for fact in facts] == [(r.name, r.version) for r in RECORDS]
    assert all(str(record) in run("list").stdout for record in RECORDS)


@pytest.mark.parametrize("name", ["page_view", "page_view.v1"])
def test_show_prints_the_file_as_it_is(name: str) -> None:
    assert run("show", name).stdout == (FOLDER / "page_view.v1.avsc").read_text("utf-8")


def test_show_of_a_misspelt_name_says_which_was_meant() -> None:
    result = run("show", "page_vew")
    assert result.exit_code == 1
    assert "did you mean page_view?" in result.stderr


def test_our_own_schemas_pass() -> None:
    result = run("check")
    assert (result.exit_code, result.stdout) == (
        0,
        f"{len(RECORDS)} schemas: events read all history, outputs are readable both ways.\n",
    )


def test_an_edited_schema_is_refused_once_it_has_been_released(folder: Path) -> None:
    edit(folder / "page_view.v1.avsc", "A page was viewed.", "A page was seen.")
    assert run("release", "--folder", str(folder)).exit_code == 0
    assert run("check", "--folder", str(folder)).exit_code == 0
    edit(folder / "page_view.v1.avsc", '"name": "url", "type": "string"', '"name": "url", "type": "bytes"')
    for command in ("check", "release"):
        result = run(command, "--folder", str(folder))
        assert (result.exit_code, result.stdout) == (1, "")
        assert "page_view.v1 was released and has been edited" in result.stderr


def test_a_new_version_is_named_until_it_is_released(folder: Path) -> None:
    run("release", "--folder", str(folder))
    shutil.copy(folder / "page_view.v1.avsc", folder / "page_view.v2.avsc")
    assert (
        "not yet released by `stageline schema release`: page_view.v2."
        in run("check", "--folder", str(folder)).stderr
    )
    run("release", "--folder", str(folder))
    assert run("check", "--folder", str(folder)).stderr == ""


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("page_view.avsc", "{}", "page_view.avsc: a schema's file is named for its record and version"),
        ("page_view.v2.avsc", "{", "page_view.v2.avsc: Expecting property name"),
        ("page_view.v2.avsc", "{}", "page_view.v2.avsc: not an Avro schema"),
        ("page_view.v2.avsc", '"string"', 'page_view.v2.avsc: must be a record with "name": "page_view"'),
        ("released.json", "[", "released.json: not a JSON object"),
    ],
)
def test_a_file_that_is_no_schema_is_named(folder: Path, file: str, text: str, reason: str) -> None:
    (folder / file).write_text(text, "utf-8")
    result = run("check", "--folder", str(folder))
    assert result.exit_code == 1
    assert reason in result.stderr
