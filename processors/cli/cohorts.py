"""The table of `stageline funnel --within`: conversion by cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from processors.cli.words import share, span, stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping


def cohort_table(found: Mapping[str, Any]) -> Table:
    """Show what `read_cohorts` found, a row per step of the ladder."""
    table = Table(box=None, header_style="dim")
    table.add_column("stage")
    table.add_column("next")
    for name in ("came", "decided", f"went on in {span(found['within'])}", "conversion", "not over yet"):
        table.add_column(name, justify="right")
    for step in found["stages"]:
        table.add_row(
            Text(stage_name(step), "bold"),
            Text(step["next"]),
            *(str(step[name]) for name in ("entered", "decided", "converted")),
            share(step["conversion"]),
            _waiting(step),
        )
    return table


def _waiting(step: Mapping[str, Any]) -> str:
    ahead = step["undecided_converted"]
    return f"{step['undecided']} ({ahead} went on)" if ahead else str(step["undecided"])
