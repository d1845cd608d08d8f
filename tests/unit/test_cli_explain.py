from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from processors.cli.main import main
from processors.lifecycle_files import load_lifecycle, presets, read_lifecycle

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments])


@pytest.mark.parametrize("preset", presets())
def test_both_forms_name_every_stage_criterion_rule_and_band(preset: str) -> None:
    plan = load_lifecycle(preset)
    names = [stage.id for stage in plan.stages] + [rule.id for rule in plan.rules]
    names += [band.id for segment in plan.segments for band in segment.bands]
    for shown in (run(preset), run(preset, "--markdown")):
        assert shown.exit_code == 0
        assert [name for name in names if name not in shown.stdout] == []


def test_the_agreement_reads_as_english() -> None:
    text = run("full", "--markdown").stdout
    for sentence in (
        "- **Means**: Hit the scoring or behaviour threshold; ready to be handed to sales.",
        "  - `product_view` at least 10 times within 14 days",
        "  - more than 1 different asset of `awareness_dl`",
        "  - `hand_raise` at least once since last recycled",
        "- **Leaves** to `lead` (nobody answered): the hand-off is expired",
        "- **Leaves** to `dormant` (never engaged): after 365 days in the stage and `hardly_there`",
        "- **Hand-off**: an answer is due within 4 hours of business time",
        "- **Hand-off**: without an answer it is reassigned after 8 hours of business time",
        "a deal is open and its amount is at least 100,000 and its stage is none of `discovery`",
        "- `gone_quiet`: no `engagement` for 90 days",
        "- `regular`: `engagement` in 3 of the last 4 weeks",
        "- `pricing-page`: each `pricing_view` gives 5, at most 2 times a day; half is left after 30 days",
        "- `guide`: each different asset of `awareness_dl` gives 10; half is left after 30 days",
        "each `unsubscribed` takes away 20, at most 1 time in all; half is left after 30 days",
        "- `dach`: gives 10 while country is one of the list `dach`",
        "| sales | | |",
    ):
        assert sentence in text


def test_one_holiday_is_one(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    text = read_lifecycle("inveniv")[1].decode()
    file.write_text(text.replace('to: "17:00"}', 'to: "17:00", holidays: [2026-12-25]}'), "utf-8")
    assert "mon-fri, 09:00 to 17:00, 1 holiday." in run(str(file), "--markdown").stdout
    assert "mon-fri, 09:00 to 17:00, no holidays." in run("inveniv", "--markdown").stdout


def test_an_agreement_on_companies_says_whom_they_follow() -> None:
    said = "furthest of its active contacts, who are in a stage that is no detour; never below the furthest"
    assert said in run("inveniv", "--markdown").stdout
    assert "company" not in run("clarity", "--markdown").stdout


def test_the_diagram_shows_the_ladder_and_every_way_out() -> None:
    text = run("inveniv", "--markdown").stdout
    assert text.count("```mermaid") == 1
    for line in (
        '    state "Closed-lost" as s_closed_lost',
        "    [*] --> s_subscriber",
        "    s_opportunity --> s_customer",
        "    s_opportunity --> s_closed_lost: deal lost",
        "    s_closed_lost --> s_lead: recycled after a lost deal",
    ):
        assert line in text.splitlines()


def test_text_that_markdown_or_mermaid_would_read_is_escaped(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    text = read_lifecycle("inveniv")[1].decode()
    text = text.replace("definition: Follows our news.", "definition: 'A *star* <b>|_x_'")
    file.write_text(text.replace("reason: deal lost", "reason: 'lost: \"no\"; [x]'"), "utf-8")
    shown = run(str(file), "--markdown").stdout
    assert r"A \*star\* \<b\>\|\_x\_" in shown
    assert "s_opportunity --> s_closed_lost: lost no x" in shown


def test_text_on_several_lines_breaks_no_heading_list_or_diagram(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    text = read_lifecycle("inveniv")[1].decode()
    text = text.replace("name: Closed-lost", 'name: "Closed\\nlost"').replace(
        "owner: success", "owner: suc*cess"
    )
    text = text.replace("definition: Follows our news.", "definition: |\n      Follows\n      our news.\n")
    file.write_text(text.replace("reason: deal lost", 'reason: "deal\\nlost"'), "utf-8")
    lines = run(str(file), "--markdown").stdout.splitlines()
    for line in (
        '    state "Closed lost" as s_closed_lost',
        "    s_opportunity --> s_closed_lost: deal lost",
        "### Closed lost (`closed_lost`)",
        "- **Means**: Follows our news.",
        r"| suc\*cess | | |",
    ):
        assert line in lines


def test_stages_whose_names_differ_by_a_hyphen_are_two_in_the_diagram(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    text = read_lifecycle("inveniv")[1].decode()
    other = text.replace("id: dormant", "id: closed-lost").replace("goto: dormant", "goto: closed-lost")
    file.write_text(other, "utf-8")
    lines = run(str(file), "--markdown").stdout.splitlines()
    assert '    state "Dormant" as s_closed__lost' in lines
    assert '    state "Closed-lost" as s_closed_lost' in lines


def test_a_broken_file_is_refused_with_its_report(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("lifecycle: 1", "utf-8")
    result = run(str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "'id' is missing" in result.stderr
