from __future__ import annotations

import re
from pathlib import Path

from processors.lifecycle.definition.grammar.conditions import KINDS
from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
from processors.lifecycle.definition.grammar.terms import Part
from processors.lifecycle.definition.load import load

TEXT = (Path(__file__).parents[2] / "docs" / "lifecycle-file.md").read_text("utf-8")
WHOLE, PART = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def keys(part: type[Part] = Part) -> set[str]:
    own = {field.alias or name for name, field in part.model_fields.items()}
    return own.union(*(keys(kind) for kind in part.__subclasses__()))


def test_every_key_of_the_grammar_is_described() -> None:
    code = " ".join(re.findall(r"`([^`\n]+)`", TEXT))
    words = set(re.findall(r"[a-z_]+", code))
    assert (keys(Lifecycle) | keys() | set(KINDS)) - words == set()


def test_the_whole_file_it_shows_passes() -> None:
    assert load(WHOLE.encode(), "acme.yaml").report == ""


def test_the_parts_it_shows_pass_within_a_file() -> None:
    text = WHOLE.replace("behaviours:\n", PART + "behaviours:\n", 1)
    assert load(text.encode(), "acme.yaml").report == ""


def test_the_circle_it_shows_is_what_the_checker_says() -> None:
    circle = WHOLE.replace(
        "owner: marketing, terminal: true, enter: {did: {what: engagement}}",
        "owner: marketing, enter: {did: {what: engagement}}, leave: [{goto: mql, when: gone_quiet}]",
    ).replace("when: gone_quiet, reset: [interest, counts]", "when: gone_quiet")
    (shown,) = re.findall(r"```\n(acme\.yaml:.*?)\n```", TEXT, re.DOTALL)
    assert load(circle.encode(), "acme.yaml").report == shown
