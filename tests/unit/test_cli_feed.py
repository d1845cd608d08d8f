"""What the feeding commands do with files, options and exit codes, as far as no broker is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from processors.cli.main import main

DATA = Path(__file__).parents[1] / "data"
CSV = DATA / "csv" / "hubspot-activities.csv"
MAP = DATA / "csv" / "hubspot-activities.map.yaml"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGELINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def stageline(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_export_becomes_ndjson_on_standard_output_and_refusals_go_beside(tmp_path: Path) -> None:
    ran = stageline("import", "csv", CSV, "--map", MAP, "--to", "-", "--rejects", tmp_path / "rejects")
    assert ran.exit_code == 1
    assert [row["event_id"] for row in rows(ran)] == ["9001", "9002", "9003", "9004", "9005", "9009"]
    assert "line 9: form_submitted: email is not an e-mail address" in ran.stderr
    refused = [json.loads(line) for line in (tmp_path / "rejects").read_text("utf-8").splitlines()]
    assert [one["line"] for one in refused] == [9, 10, 12]


def test_refusals_may_be_allowed(tmp_path: Path) -> None:
    ran = stageline(
        "import", "csv", CSV, "--map", MAP, "--to", "-", "--rejects", tmp_path / "r", "--allow-rejects"
    )
    assert ran.exit_code == 0


def test_refusals_go_beside_the_file_when_no_place_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "export.csv"
    copy.write_bytes(CSV.read_bytes())
    stageline("import", "csv", copy, "--map", MAP, "--to", "-")
    assert Path(f"{copy}.rejects.ndjson").read_text("utf-8").count("\n") == 3


def test_a_log_can_be_moved_to_end_at_a_time(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    log.write_text(
        "".join(
            f'203.0.113.9 - - [17/May/2015:10:05:{second} +0000] "GET / HTTP/1.1" 200 1 "-" "{agent}"\n'
            for second in ("09", "03")
        ),
        "utf-8",
    )
    ran = stageline("import", "access-log", log, "--to", "-", "--shift-to", "2026-03-01T10:30:00+01:00")
    assert ran.exit_code == 0
    assert [row["occurred_at"] for row in rows(ran)] == ["2026-03-01T09:30:00Z", "2026-03-01T09:29:54Z"]


def test_visitors_keep_their_ids_from_one_import_to_the_next() -> None:
    log = DATA / "access.log.gz"
    first, second = (
        stageline("import", "access-log", log, "--to", "-", "--allow-rejects", "--rejects", "r")
        for _ in range(2)
    )
    assert first.stdout == second.stdout
    other = stageline(
        "import", "access-log", log, "--to", "-", "--allow-rejects", "--rejects", "r", "--key-file", "k"
    )
    assert not {row["anonymous_id"] for row in rows(first)} & {row["anonymous_id"] for row in rows(other)}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("publish", "none.ndjson"), "does not exist"),
        (("publish", "-", "--resume"), "--resume goes on with publishing a file"),
        (("import", "csv", CSV, "--map", MAP, "--to", "-", "--resume"), "--resume goes on with publishing"),
        (("import", "csv", CSV, "--map", MAP, "--to", "-", "--json"), "would both write to standard output"),
        (("import", "csv", CSV), "Missing option '--map'"),
        (("import", "csv", CSV, "--map", MAP, "--rejects", CSV), "FILE and --rejects name the same file"),
        (("import", "csv", CSV, "--map", MAP, "--rejects", MAP), "--map and --rejects name the same file"),
        (("import", "access-log", CSV, "--rules", MAP, "--rejects", MAP), "--rules and --rejects name the"),
        (("import", "access-log", CSV, "--key-file", "k", "--rejects", "k"), "--key-file and --rejects name"),
        (("import", "access-log", "-", "--shift-to", "now"), "reads the log twice"),
        (("import", "access-log", CSV, "--site", "www.example.com"), "write https://www.example.com"),
        (("import", "access-log", CSV, "--site", "https://"), "write https://www.example.com"),
        (("import", "access-log", CSV, "--site", "https://a.example/?x"), "leave out what follows"),
        (("import", "access-log", CSV, "--shift-to", "2026-03-01"), "has no time zone"),
        (("import", "access-log", CSV, "--shift-to", "soon"), "is not a time"),
    ],
)
def test_a_command_that_makes_no_sense_is_a_usage_error(args: tuple[object, ...], message: str) -> None:
    ran = stageline(*args)
    assert ran.exit_code == 2
    assert message in ran.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--delimiter", ";"), "split at ';'; --delimiter changes that"),
        (("--encoding", "utf-16"), "'utf-16' is not an encoding that can be read line by line"),
    ],
)
def test_an_export_that_does_not_fit_its_map_is_refused(args: tuple[str, ...], message: str) -> None:
    ran = stageline("import", "csv", CSV, "--map", MAP, "--to", "-", *args)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert message in ran.stderr
