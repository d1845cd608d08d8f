"""docs/criteria.md names what exists, and leaves out no criterion, no way in and no way back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from processors.lifecycle_files import presets, read_lifecycle
from processors.strict_yaml.source import read

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "criteria.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
STEP = re.compile(r"\.?([\w-]+)|\[(\d+)\]")


def cells(section: str, column: int) -> Iterator[str]:
    for row in re.findall(r"^\| (.*) \|$", SECTIONS[section], re.MULTILINE):
        yield from re.findall(r"`(.+?)`", row.split(" | ")[column])


def lifecycle(preset: str) -> Any:  # noqa: ANN401 - the values of a YAML file
    name, data = read_lifecycle(preset)
    return read(data, name).value


def at(value: Any, path: str) -> Any:  # noqa: ANN401 - the values of a YAML file
    """Follow a path; a list is entered by number or by an item's id."""
    for name, number in STEP.findall(path):
        if number:
            value = value[int(number)]
        elif isinstance(value, list):
            (value,) = (one for one in value if one["id"] == name)
        else:
            value = value[name]
    return value


def ways(preset: str) -> Iterator[str]:
    """Every place that can move somebody: named criteria, ways into each stage, ways out of it."""
    file = lifecycle(preset)
    yield from (f"criteria.{name}" for name in file.get("criteria", {}))
    tracks = {"stages": file["stages"]}
    tracks |= {f"tracks.{name}.stages": one["stages"] for name, one in file.get("tracks", {}).items()}
    for prefix, stages in tracks.items():
        for stage in stages:
            path = f"{prefix}.{stage['id']}"
            enter = stage.get("enter", {})
            each = enter.get("any", []) if isinstance(enter, dict) else []
            yield from (f"{path}.enter.any[{index}]" for index in range(len(each)))
            yield from [f"{path}.enter"] if enter and not each else []
            yield from (f"{path}.leave[{index}]" for index in range(len(stage.get("leave", []))))


def named_in(*files: Path) -> set[str]:
    texts = (file.read_text("utf-8") for file in files)
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


@pytest.mark.parametrize("preset", SECTIONS)
def test_every_section_is_a_preset_s(preset: str) -> None:
    assert preset in presets()


@pytest.mark.parametrize("preset", SECTIONS)
def test_every_place_is_in_the_preset(preset: str) -> None:
    file = lifecycle(preset)
    for path in cells(preset, 1):
        assert at(file, path) is not None


@pytest.mark.parametrize("preset", SECTIONS)
def test_every_way_to_move_somebody_is_on_the_page(preset: str) -> None:
    assert [way for way in ways(preset) if way not in set(cells(preset, 1))] == []


@pytest.mark.parametrize("preset", SECTIONS)
def test_every_test_exists(preset: str) -> None:
    named = f"test_{preset.replace('-', '_')}*.py"
    own = named_in(*(TESTS / "unit" / "scenarios").glob(named))
    for name in cells(preset, 2):
        file, _, test = name.rpartition("::")
        assert test in (named_in(TESTS / file) if file else own)


@pytest.mark.parametrize("preset", SECTIONS)
def test_every_row_names_a_place_and_a_test(preset: str) -> None:
    rows = re.findall(r"^\| (.*) \|$", SECTIONS[preset], re.MULTILINE)[1:]
    assert rows
    for row in rows:
        _asked, place, test = row.split(" | ")
        assert (place.count("`") > 1, test.count("`") > 1) == (True, True)
