"""Everything a lifecycle file is refused for, one module per subject. Each check notes what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.definition.checks import (
    circles,
    companies,
    declarations,
    names,
    scores,
    segments,
    stages,
    values,
    windows,
)
from processors.lifecycle.definition.checks.file import File

if TYPE_CHECKING:
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.strict_yaml.source import Source

CHECKS = (
    declarations.check_events,
    declarations.check_filters,
    declarations.check_unique,
    declarations.check_reserved,
    declarations.check_timezone,
    names.check_behaviours,
    names.check_conditions,
    names.check_segments,
    names.check_ways_out,
    values.check_tests,
    circles.check_behaviours,
    circles.check_criteria,
    circles.check_scores,
    scores.check_thresholds,
    scores.check_rules,
    windows.check_windows,
    windows.check_decays,
    segments.check_bands,
    stages.check_stages,
    stages.check_handoff_states,
    stages.check_business_hours,
    companies.check_push_down,
)


def check(lifecycle: Lifecycle, source: Source) -> None:
    """Note everything that is wrong with a file of the right shape in `source.problems`."""
    file = File(lifecycle, source)
    for one in CHECKS:
        one(file)
