from __future__ import annotations

import json
from importlib.resources import files

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from processors.cli.main import main
from processors.lifecycle.definition.editor import editor_schema
from processors.lifecycle.definition.grammar.conditions import KINDS
from processors.lifecycle_files import presets, read_lifecycle
from processors.strict_yaml.source import read
from tests.builders.broken_files import cases

VALIDATOR = Draft202012Validator(json.loads(editor_schema()))


def errors(text: bytes) -> list[str]:
    value = read(text, "file.yaml").value
    plain = json.loads(json.dumps(value, default=float))
    return [error.message for error in VALIDATOR.iter_errors(plain)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(editor_schema()))


@pytest.mark.parametrize("preset", presets())
def test_every_preset_is_valid_and_points_at_the_schema_beside_it(preset: str) -> None:
    text = read_lifecycle(preset)[1]
    assert errors(text) == []
    assert text.startswith(b"# yaml-language-server: $schema=./lifecycle.schema.json\n")


def test_the_schema_beside_the_presets_is_the_newest() -> None:
    kept = (files("schemas") / "lifecycles" / "lifecycle.schema.json").read_text("utf-8")
    assert kept == editor_schema(), (
        "run: stageline schema editor --out schemas/lifecycles/lifecycle.schema.json"
    )
    for command in (["schema"], ["schema", "editor"]):
        assert CliRunner().invoke(main, command).stdout == kept


@pytest.mark.parametrize(
    "name",
    [
        "a misspelt top-level key", "a misspelt key of a rule", "a missing key", "an unknown decay",
        "a word where a mapping belongs", "a duration in words", "a share without its sign",
        "text where a list belongs", "an unknown condition", "a condition with two keys",
        "an unknown operator", "a version of two numbers", "a name with capitals",
        "yes instead of true", "an unknown state of deals",
    ],
)  # fmt: skip
def test_an_editor_sees_mistakes_of_shape(name: str) -> None:
    (case,) = [case for case in cases() if case.name == name]
    assert errors(case.text.encode()) != []


def test_every_key_has_a_description() -> None:
    schema = json.loads(editor_schema())
    single = {kind.__name__ for kind in KINDS.values()} | {"OneOf"}  # one key, described as a whole
    undescribed = [
        (name, key)
        for name, part in schema["$defs"].items()
        for key, shape in part.get("properties", {}).items()
        if "description" not in shape and name.rpartition("__")[2] not in single
    ]
    assert undescribed == []
