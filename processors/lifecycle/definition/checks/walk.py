"""Every condition of a file with its path, outermost first. Criteria are walked where they are defined."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle.definition.grammar import conditions as written
from processors.lifecycle.definition.grammar.lifecycle import ladders
from processors.lifecycle.definition.grammar.scoring import ConditionSegment, FitRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.definition.grammar.stages import Stage
    from processors.strict_yaml.source import Path


class Found(NamedTuple):
    """A condition and where it stands."""

    path: Path
    node: str | written.Node


def conditions(lifecycle: Lifecycle) -> Iterator[Found]:
    """Yield every condition of the file, those inside others included."""
    for root in _roots(lifecycle):
        yield from walk(root)


def walk(found: Found) -> Iterator[Found]:
    """Yield a condition and those inside it, without looking into criteria it names."""
    yield found
    path, node = found
    match node:
        case written.All():
            inner = [Found((*path, "all", i), part) for i, part in enumerate(node.all)]
        case written.AnyOf():
            inner = [Found((*path, "any", i), part) for i, part in enumerate(node.any)]
        case written.Not():
            inner = [Found((*path, "not"), node.not_)]
        case _:
            inner = []
    for part in inner:
        yield from walk(part)


def stages(lifecycle: Lifecycle) -> Iterator[tuple[Path, Stage]]:
    """Yield every stage of every ladder, the main one first."""
    for _, path, ladder in ladders(lifecycle):
        for i, stage in enumerate(ladder):
            yield (*path, i), stage


def _roots(lifecycle: Lifecycle) -> Iterator[Found]:
    for name, score in lifecycle.scores.items():
        for i, rule in enumerate(score.rules):
            if isinstance(rule, FitRule):
                yield Found(("scores", name, "rules", i, "when"), rule.when)
    yield from _band_roots(lifecycle)
    for name, criterion in lifecycle.criteria.items():
        yield Found(("criteria", name), criterion)
    for path, stage in stages(lifecycle):
        if stage.enter is not None:
            yield Found((*path, "enter"), stage.enter)
        for i, way in enumerate(stage.leave):
            if way.when is not None:
                yield Found((*path, "leave", i, "when"), way.when)


def _band_roots(lifecycle: Lifecycle) -> Iterator[Found]:
    for name, segment in lifecycle.segments.items():
        if isinstance(segment, ConditionSegment):
            for i, band in enumerate(segment.when):
                if band.if_ is not None:
                    yield Found(("segments", name, "when", i, "if"), band.if_)
