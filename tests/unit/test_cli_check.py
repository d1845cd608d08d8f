from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from processors.cli.main import main
from processors.lifecycle_files import load_lifecycle, presets, read_lifecycle

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A lifecycle of one's own, made from the full example."""
    own = tmp_path / "acme.yaml"
    own.write_bytes(read_lifecycle("full")[1])
    return own


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


def test_every_preset_passes_and_says_what_it_costs() -> None:
    result = run(*presets())
    assert result.exit_code == 0
    assert result.stdout.count("is all right") == len(presets())
    assert "a contact with 20 events takes" in result.stdout


def test_a_broken_file_is_reported_on_stderr_with_exit_code_1(file: Path) -> None:
    edit(file, "{in: $dach}", "{in: $dacch}")
    result = run("buyers-journey", str(file))
    assert (result.exit_code, result.stdout.count("all right")) == (1, 1)
    assert result.stderr == (
        f"{file}:67:51: no list 'dacch'\n"
        "   67 |       - {id: dach, when: {profile: {country: {in: $dacch}}}, points: 10}\n"
        "      |                                                   ^^^^^^\n"
        "      = did you mean 'dach'?\n"
        "1 problem.\n"
    )


def test_what_a_company_follows_is_said() -> None:
    said = (
        "a company is as far as its furthest active contact; deals alone hold it at opportunity or customer"
    )
    assert [said in run(preset).stdout for preset in ("inveniv", "clarity")] == [True, False]


def test_json_has_one_object_for_each_file(file: Path) -> None:
    edit(file, "{in: $dach}", "{in: $dacch}")
    result = run("--json", "full", str(file))
    good, bad = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert (good["ok"], good["id"], good["plan_hash"]) == (True, "full", load_lifecycle("full").plan_hash)
    assert good["cost"]["busiest_event"] == "page_view"
    assert bad == {
        "file": str(file),
        "ok": False,
        "problems": [
            {
                "line": 67,
                "column": 51,
                "width": 6,
                "message": "no list 'dacch'",
                "remedy": "did you mean 'dach'?",
                "example": [],
            }
        ],
    }


def test_json_also_tells_of_files_that_cannot_be_read(file: Path) -> None:
    missing, folder = file.with_name("acne.yaml"), file.parent
    result = run("--json", str(missing), str(folder), str(file))
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, [one["file"] for one in told]) == (1, [str(missing), str(folder), str(file)])
    assert [one["ok"] for one in told] == [False, False, True]
    (problem,) = told[0]["problems"]
    assert f"{missing}: no lifecycle file here (No such file or directory)" in problem.pop("message")
    assert problem == {"line": 1, "column": 1, "width": 1, "remedy": "", "example": []}
    assert run(str(missing)).exit_code == 1


def test_json_also_tells_of_published_versions_that_cannot_be_read(file: Path) -> None:
    file.with_name("published.json").write_text("{", "utf-8")
    result = run("--json", str(file))
    (problem,) = json.loads(result.stdout)["problems"]
    assert (result.exit_code, "published.json: cannot be read" in problem["message"]) == (1, True)


def test_a_published_version_may_be_checked_again_but_not_changed(file: Path) -> None:
    assert run("--publish", str(file)).exit_code == 0
    lock = file.with_name("published.json")
    assert json.loads(lock.read_text("utf-8")) == {"full@2.3.0": load_lifecycle("full").plan_hash}
    edit(file, "goal: Nurture with content.", "goal: Nurture.")
    assert run(str(file)).exit_code == 0
    edit(file, "within: 14d}", "within: 15d}")
    result = run(str(file))
    assert result.exit_code == 1
    assert f"{file}:5:10: full@2.3.0 was published with another plan" in result.stderr
    assert "raise the version, for example to 2.3.1" in result.stderr
    edit(file, "version: 2.3.0", "version: 2.3.1")
    assert run(str(file)).exit_code == 0


@pytest.mark.parametrize("as_folder", [True, False])
def test_the_lock_may_be_elsewhere(file: Path, tmp_path: Path, *, as_folder: bool) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    place = folder if as_folder else folder / "published.json"
    run("--publish", "--published", str(place), str(file))
    assert not file.with_name("published.json").exists()
    edit(file, "within: 14d}", "within: 15d}")
    assert run(str(file)).exit_code == 0
    assert run("--published", str(place), str(file)).exit_code == 1


def test_a_broken_file_is_not_published(file: Path) -> None:
    edit(file, "{in: $dach}", "{in: $dacch}")
    assert run("--publish", str(file)).exit_code == 1
    assert not file.with_name("published.json").exists()


@pytest.mark.parametrize("text", ["[", "[]", '{"full@2.3.0": 7}'])
def test_a_damaged_lock_is_named(file: Path, text: str) -> None:
    file.with_name("published.json").write_text(text, "utf-8")
    result = run(str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "published.json" in result.stderr
    assert "take it back from version control" in result.stderr


def test_a_file_that_is_not_there_says_which_presets_there_are() -> None:
    result = run("nowhere.yaml")
    assert result.exit_code == 1
    assert "nowhere.yaml: no lifecycle file here" in result.stderr
    assert "buyers-journey, clarity, engaged, full, inveniv, revenue" in result.stderr


def test_without_a_file_the_use_is_wrong() -> None:
    assert run().exit_code == 2
