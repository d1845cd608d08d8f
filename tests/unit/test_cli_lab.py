"""`stageline lab` on the history of `tests/builders/lab.py`, every figure computed by hand."""

import csv
import json
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from processors.cli.main import main
from tests.builders.lab import FILE, end, history, view, win, write
from tests.builders.story import MONDAY

AT_LEAST = "stages.mql.enter.did.at_least"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(FILE)
    return str(path)


def lab(file: str, rows: list[dict[str, Any]], *words: str) -> Result:
    log = write(Path(file).with_name("log.ndjson"), rows)
    return CliRunner().invoke(main, ["lab", file, "--events", str(log), "--within", "30", *words])


def told(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    variants: list[dict[str, Any]] = json.loads(result.stdout)["variants"]
    return variants


def test_every_figure_of_every_variant_is_the_one_computed_by_hand(file: str) -> None:
    two, one, three = told(lab(file, history(), "--vary", f"{AT_LEAST}=1..3", "--format", "json"))
    names = ("mqls", "judged", "won", "precision", "won_contacts", "foreseen", "recall", "handoffs")
    assert [two["as_it_is"], one["as_it_is"], three["as_it_is"]] == [True, False, False]
    # One view: ann (day 0, wins 11 days later), bob, cid (wins 40 days later, too late), eve (too young).
    assert one["settings"] == {AT_LEAST: "1"}
    assert [one[name] for name in names] == [4, 3, 1, 1 / 3, 3, 2, 2 / 3, 4]
    assert one["mqls_per_day"] == 4 / 61
    assert one["lead_days_median"] == 25.5
    assert one["lead_days_p90"] == pytest.approx(37.1)  # 11 + 0.9 of 29
    # Two views: ann on day 1, bob on day 1.
    assert [two[name] for name in names] == [2, 2, 1, 1 / 2, 3, 1, 1 / 3, 2]
    assert (two["lead_days_median"], two["lead_days_p90"]) == (10, 10)
    # Three views: ann on day 2.
    assert [three[name] for name in names] == [1, 1, 1, 1, 3, 1, 1 / 3, 1]
    assert three["by_day"] == {"2026-03-04": 1}


def test_windows_and_thresholds_vary_together_each_as_if_it_were_run_alone(file: str) -> None:
    words = ["--vary", f"{AT_LEAST}=2,3", "--vary", "stages.mql.enter.did.within=1d,2d,30d"]
    together = told(lab(file, history(), *words, "--format", "json"))
    assert len(together) == 6
    for variant in together:
        text = FILE.replace("at_least: 2", f"at_least: {variant['settings'][AT_LEAST]}")
        within = variant["settings"]["stages.mql.enter.did.within"]
        alone = Path(file).with_name("alone.yaml")
        alone.write_text(text.replace("within: 30d", f"within: {within}"))
        (found,) = told(lab(str(alone), history(), "--format", "json"))
        assert variant == {**found, "settings": variant["settings"], "as_it_is": variant["as_it_is"]}


def test_a_visitor_who_is_recognised_and_wins_was_foreseen(file: str) -> None:
    seen = [{**view("v", day), "anonymous_id": "v", "contact_id": None} for day in (0, 1)]
    known = {"type": "contact_identified", "event_id": "i", "contact_id": "ann", "anonymous_id": "v",
             "occurred_at": MONDAY + 2 * 86_400_000}  # fmt: skip
    (found,) = told(lab(file, [*seen, known, win("ann", 12), end(60)], "--format", "json"))
    assert (found["mqls"], found["won"], found["recall"], found["lead_days_median"]) == (1, 1, 1, 10)


def test_csv_has_a_line_for_each_variant(file: str) -> None:
    result = lab(file, history(), "--vary", f"{AT_LEAST}=1..3", "--format", "csv")
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert [(row[AT_LEAST], row["as_it_is"], row["mqls"], row["recall"][:5]) for row in rows] == [
        ("2", "True", "2", "0.333"),
        ("1", "False", "4", "0.666"),
        ("3", "False", "1", "0.333"),
    ]


def test_the_table_shows_shares_with_what_they_are_of(file: str) -> None:
    result = lab(file, history(), "--vary", f"{AT_LEAST}=1..3")
    assert "small@1.0.0: mql, won within 30 days" in result.stdout
    assert "33.3% (1/3)" in result.stdout
    assert "25.5 d" in result.stdout
    assert "11 events from 2026-03-02T09:00:00Z to 2026-05-01T09:00:00Z" in result.stdout
    assert "3 variants in one pass" in result.stderr


def test_another_stage_can_be_judged_and_one_that_is_not_there_is_refused(file: str) -> None:
    (found,) = told(lab(file, history(), "--stage", "customer", "--format", "json"))
    assert (found["mqls"], found["handoffs"]) == (3, 2)
    result = lab(file, history(), "--stage", "sal")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--stage sal: no stage of small; there is: mql, customer." in result.stderr


def test_a_file_that_hands_nobody_off_asks_for_the_stage(file: str) -> None:
    Path(file).write_text(FILE.replace("    handoff: {to: sales}\n", ""))
    result = lab(file, history())
    assert result.exit_code == 1
    assert "small hands nobody off: name the stage to judge, --stage mql." in result.stderr


def test_without_a_history_the_use_is_wrong(file: str) -> None:
    result = CliRunner().invoke(main, ["lab", file])
    assert (result.exit_code, "Give --events, or --live." in result.stderr) == (2, True)


def test_a_setting_that_cannot_be_is_one_message_before_anything_is_read(file: str) -> None:
    result = lab(file, history(), "--vary", "scores.intrest.rules.views.points=1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "small.yaml:6:1: 'scores' has no 'intrest'" in result.stderr
    assert "did you mean 'interest'?" in result.stderr


def test_lines_that_cannot_be_read_are_told_and_the_rest_is_judged(file: str) -> None:
    nobody = {**view("x", 1)}
    del nobody["contact_id"]
    rows = [nobody, {"type": "page_vew"}, *history()]
    result = lab(file, rows)
    assert result.exit_code == 1
    assert "line 1: " in result.stderr
    assert "line 2: " in result.stderr
    assert "Lines refused: 2." in result.stderr
    assert ", 2 refused" in result.stdout
    assert lab(file, rows, "--allow-rejects").exit_code == 0


def test_the_command_of_the_page_runs_on_the_file_of_the_language_page(tmp_path: Path) -> None:
    file = Path("docs/lifecycle-file.md").read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "acme.yaml").write_text(file)
    write(tmp_path / "log.ndjson", history())
    command = Path("docs/lab.md").read_text("utf-8").split("```sh\n")[1].split("```")[0].replace("\\\n", "")
    words = [
        str(tmp_path / word) if (tmp_path / word).exists() else word for word in shlex.split(command)[1:]
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.stderr
    assert "15 variants in one pass" in result.stderr
