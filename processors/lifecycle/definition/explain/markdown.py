"""The agreement as Markdown, with the stages as a Mermaid diagram."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.lifecycle.definition.explain.agreement import Agreement, StageText
    from processors.lifecycle.definition.explain.sentences import Said

LABEL = 40  # characters of an arrow's label that a diagram shows well


def markdown(agreement: Agreement) -> str:
    """Write the whole agreement, ending with lines for signatures."""
    lines = [f"# Lifecycle agreement: {agreement.title}", "", *(f"{note}  " for note in agreement.notes), ""]
    for name, stages in agreement.ladders:
        lines += [f"## Stages: {name}", "", *diagram(stages), ""]
        for stage in stages:
            lines += [*_stage(stage), ""]
    for title, words in agreement.sections:
        lines += [f"## {title}", "", *(f"- `{name}`: {_plain(text)}" for name, text in words), ""]
    lines += ["## Agreed", "", "| team | name | date |", "|---|---|---|"]
    lines += [f"| {_plain(owner)} | | |" for owner in agreement.owners]
    return "\n".join(lines) + "\n"


def diagram(stages: tuple[StageText, ...]) -> list[str]:
    """Draw one ladder: up by rank, back and aside by the ways out."""
    rungs = [stage for stage in stages if not stage.detour]
    lines = ["```mermaid", "stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{_label(stage.title)}" as {_node(stage.id)}' for stage in stages]
    ends = ["[*]", *(_node(stage.id) for stage in rungs)]
    lines += [f"    {lower} --> {upper}" for lower, upper in pairwise(ends)]
    lines += [
        f"    {_node(stage.id)} --> {_node(way.goto)}: {_label(way.label)}"
        for stage in stages
        for way in stage.ways
    ]
    return [*lines, "```"]


def _node(name: str) -> str:
    return "s_" + name.replace("-", "__")  # `a-b` and `a_b` are two stages


def _label(text: str) -> str:
    """Keep what Mermaid reads as text: no quotes, colons, semicolons or brackets."""
    plain = re.sub(r"[\"“”:;#{}<>\[\]()]", "", text)
    return plain if len(plain) <= LABEL else plain[: LABEL - 1] + "…"


def _stage(stage: StageText) -> Iterator[str]:
    yield f"### {_plain(stage.title)} (`{stage.id}`)"
    yield ""
    yield from (f"- **{name}**: {_plain(text)}" for name, text in stage.facts)
    if stage.enter is not None:
        yield from _said(stage.enter, "- **Enters when** ", "  ")
    elif stage.detour:
        yield "- **Enters** only by a way out of another stage"
    yield from (f"- **Leaves** {_plain(way.said)}" for way in stage.ways)
    yield from (f"- **Hand-off**: {_plain(line)}" for line in stage.deadlines)


def _said(said: Said, lead: str, indent: str) -> Iterator[str]:
    yield f"{lead}{_plain(said.text)}{':' if said.parts else ''}"
    for part in said.parts:
        yield from _said(part, f"{indent}- ", f"{indent}  ")


def _plain(text: str) -> str:
    """Set names in code, escape what Markdown would read as layout elsewhere."""
    pieces = re.split(r"“([^”]*)”", text)
    return "".join(
        f"`{one}`" if i % 2 else re.sub(r"([*_`|<>\\])", r"\\\1", one) for i, one in enumerate(pieces)
    )
