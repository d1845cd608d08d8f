"""`stageline diff` over a file."""

import json
from pathlib import Path

import pytest

from tests.builders.log_file import ann_and_bob, invoke, views, write


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return ann_and_bob(tmp_path / "events.ndjson")


@pytest.fixture
def stricter(tmp_path: Path) -> str:
    text = (Path("schemas/lifecycles/buyers-journey.yaml")).read_text()
    path = tmp_path / "stricter.yaml"
    path.write_text(text.replace("at_least: 10, within: 14d", "at_least: 9, within: 14d"))
    return str(path)


def test_diff_names_who_moves_from_where_to_where_by_which_rule(log: Path, stricter: str) -> None:
    code, out, _ = invoke(
        "diff", "--from", "buyers-journey", "--to", stricter, "--events", str(log), "--format", "json"
    )
    told = json.loads(out)
    assert code == 0
    (one,) = told["differences"]
    assert (one["contact_id"], one["from_stage"], one["to_stage"]) == ("bob", "none", "mql")
    assert one["rule_to"] == "criteria.product_interest"
    assert told["stages"]["mql"] == {"from": 1, "to": 2}
    assert told["handoffs"] == {"from": 1, "to": 2, "by_day": {"2026-03-02": {"from": 1, "to": 2}}}


@pytest.mark.parametrize(
    ("form", "expected"), [("csv", "bob,main,none,mql,"), ("md", "| bob | main | none | mql |")]
)
def test_diff_writes_csv_and_markdown(log: Path, stricter: str, form: str, expected: str) -> None:
    code, out, _ = invoke(
        "diff", "--from", "buyers-journey", "--to", stricter, "--events", str(log), "--format", form
    )
    assert code == 0
    assert expected in out


def test_the_same_file_on_both_sides_moves_nobody(log: Path) -> None:
    both = ("--from", "buyers-journey", "--to", "buyers-journey")
    code, out, _ = invoke("diff", *both, "--events", str(log), "--format", "json")
    assert code == 0
    assert json.loads(out)["differences"] == []


def test_lines_that_cannot_be_read_are_told_and_the_rest_is_compared(log: Path, stricter: str) -> None:
    log.write_text('{"type": "page_vew"}\n' + log.read_text())
    words = ("diff", "--from", "buyers-journey", "--to", stricter, "--events", str(log), "--format", "csv")
    code, out, err = invoke(*words)
    assert (code, "bob,main,none,mql," in out) == (1, True)
    assert err.startswith("line 1: ")
    assert err.endswith("Lines refused: 1.\n")
    assert invoke(*words, "--allow-rejects") == (0, out, err)


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("table", "=1+1[/x]|"),
        ("csv", "\n'=1+1[/x]|,main,"),
        ("md", "\n| =1+1[/x]\\| | main |"),
        ("json", '"=1+1[/x]|"'),
    ],
)
def test_an_id_that_a_stranger_chose_is_text_in_every_form(
    tmp_path: Path, stricter: str, form: str, shown: str
) -> None:
    """It is no formula to a spreadsheet, no markup to a terminal and no column to a table."""
    log = write(tmp_path / "odd.ndjson", views({"contact_id": "=1+1[/x]|"}, 9))
    code, out, err = invoke(
        "diff", "--from", "buyers-journey", "--to", stricter, "--events", str(log), "--format", form
    )
    assert (code, err) == (0, "")
    assert shown in out.replace("\r\n", "\n")


def test_a_table_in_a_pipe_has_every_id_whole(tmp_path: Path, stricter: str) -> None:
    """`stageline why` wants it as it stands there."""
    visitor = "0123456789abcdef" * 2
    log = write(tmp_path / "visitors.ndjson", views({"anonymous_id": visitor}, 9))
    code, out, _ = invoke("diff", "--from", "buyers-journey", "--to", stricter, "--events", str(log))
    assert (code, f"anon:{visitor}" in out) == (0, True)


def test_an_id_is_no_markup_in_markdown(tmp_path: Path, stricter: str) -> None:
    log = write(tmp_path / "odd.ndjson", views({"contact_id": r"a\|<b>[c](d)*`"}, 9))
    both = ("--from", "buyers-journey", "--to", stricter, "--events", str(log))
    code, out, _ = invoke("diff", *both, "--format", "md")
    assert code == 0
    assert "\n| a\\\\\\|\\<b>[c]\\(d)\\*\\` | main |" in out


TWO_TRACKS = """\
lifecycle: 1
id: two
version: 1.0.0
behaviours: {view: {event: page_view}}
stages: [{id: lead, owner: a, terminal: true, enter: {did: {what: view, at_least: 20}}}]
tracks: {other: {stages: [{id: user, owner: b, terminal: true, enter: {did: {what: view, at_least: 20}}}]}}
"""


def test_a_contact_that_moves_on_two_tracks_is_one(log: Path, tmp_path: Path) -> None:
    now, then = tmp_path / "now.yaml", tmp_path / "then.yaml"
    now.write_text(TWO_TRACKS)
    then.write_text(TWO_TRACKS.replace("20", "9"))
    both = ("--from", str(now), "--to", str(then), "--events", str(log))
    told = json.loads(invoke("diff", *both, "--format", "json")[1])
    assert (told["contacts"], told["moved"], len(told["differences"])) == (2, 2, 4)


def test_a_page_for_which_there_is_no_room_is_named(log: Path, stricter: str, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    page.symlink_to("/dev/full")
    code, _, err = invoke(
        "diff", "--from", "buyers-journey", "--to", stricter, "--events", str(log), "--page", str(page)
    )
    assert (code, err) == (1, f"Error: {page}: cannot be written (No space left on device).\n")
