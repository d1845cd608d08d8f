from pathlib import Path
from typing import Any

import pytest

from processors.lab.variants import edited, make_variants
from processors.lifecycle_files import read_lifecycle
from processors.strict_yaml.source import read
from schemas.errors import LifecycleError
from tests.builders.lab import FILE


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(FILE)
    return str(path)


def test_only_the_value_is_edited() -> None:
    source = read(FILE.encode(), "small.yaml")
    changed = edited(source, "scores.interest.rules.views.points", "12.5").decode()
    assert changed == FILE.replace("points: 5}", "points: 12.5}")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_the_place_is_found_whatever_ends_the_lines(line_break: str) -> None:
    text = f"\ufeffa: ä{line_break}{line_break}b: {{c: [x, {{id: y, z: '1'}}]}}{line_break}"
    changed = edited(read(text.encode(), "f"), "b.c.y.z", "22").decode()
    assert changed == text[1:].replace("'1'", "'22'")


def test_every_number_of_a_preset_can_be_put_back_where_it_was() -> None:
    source = read(read_lifecycle("engaged")[1], "engaged")
    numbers = 0
    for path in source.values:
        value: Any = source.value
        for step in path:
            value = value[step]
        if type(value) is int and all(isinstance(step, str) for step in path):
            assert edited(source, ".".join(map(str, path)), str(value)).decode() == source.text
            numbers += 1
    assert numbers > 2


def test_the_file_as_it_is_comes_first_and_what_decides_alike_comes_once(file: str) -> None:
    name = "stages.mql.enter.did.at_least"
    variants = make_variants(file, [{name: "1"}, {name: "2"}, {name: "3"}])
    assert [variant.settings for variant in variants] == [{name: "2"}, {name: "1"}, {name: "3"}]
    assert len({variant.plan.plan_hash for variant in variants}) == 3


@pytest.mark.parametrize(
    ("setting", "text", "message", "remedy"),
    [
        ("stages.mq.enter", "1", ":10:1: 'stages' has no 'mq'", "did you mean 'mql'"),
        ("stags", "1", ":1:1: the file has no 'stags'", "did you mean 'stages'"),
        ("scores.interest.rules.0", "1", ":8:5: 'scores.interest.rules' has no '0'", "there is: views"),
        ("scores.interest.rules", "1", ":8:5: 'scores.interest.rules' is not one value", "there is: views"),
        ("id.x", "1", ":2:1: 'id' has no 'x'", ""),
        ("stages.mql.x", "1", "'stages.mql' has no 'x'", "there is"),
        ("scores.interest.rules.views.points", "1, per: 3", ":9:32: '1, per: 3' cannot stand", "plain value"),
        ("scores.interest.rules.views.points", "{a: 1}", "'{a: 1}' cannot stand", "plain value"),
    ],
)
def test_a_path_that_is_not_there_is_refused_with_its_place(
    file: str, setting: str, text: str, message: str, remedy: str
) -> None:
    with pytest.raises(LifecycleError) as refused:
        make_variants(file, [{setting: text}])
    assert message in str(refused.value)
    assert remedy in str(refused.value)


def test_a_value_that_the_checker_refuses_is_told_with_setting_and_place(file: str) -> None:
    with pytest.raises(LifecycleError) as refused:
        make_variants(file, [{"scores.interest.rules.views.points": "many"}])
    assert "With scores.interest.rules.views.points=many the file is refused" in str(refused.value)
    assert "small.yaml:9:40: 'many' is not a number" in str(refused.value)
