"""Bands of a segment: each must be able to match."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from processors.lifecycle.definition.grammar.scoring import ScoreSegment
from processors.lifecycle.words import points

if TYPE_CHECKING:
    from processors.lifecycle.definition.checks.file import File
    from processors.lifecycle.definition.grammar.scoring import ScoreBand
    from processors.strict_yaml.source import Path


def check_bands(file: File) -> None:
    """Check bands in order: the first that matches is taken, which can leave nothing for others."""
    for name, segment in file.lifecycle.segments.items():
        path: Path = ("segments", name)
        if isinstance(segment, ScoreSegment):
            _check_rest(file, (*path, "bands"), [(band.id, band.gte is None) for band in segment.bands])
            _check_order(file, (*path, "bands"), segment.bands)
        else:
            _check_rest(file, (*path, "when"), [(band.id, band.if_ is None) for band in segment.when])


def _check_rest(file: File, path: Path, bands: list[tuple[str, bool]]) -> None:
    rest = next((i for i, (_, takes_rest) in enumerate(bands) if takes_rest), len(bands))
    if rest < len(bands) - 1:
        message = f"'{bands[rest + 1][0]}' can never match: '{bands[rest][0]}' above it takes all the rest"
        file.refuse(
            (*path, rest + 1), message, f"give '{bands[rest][0]}' a bound or a condition, or put it last"
        )


def _check_order(file: File, path: Path, bands: list[ScoreBand]) -> None:
    for i, (upper, lower) in enumerate(pairwise(bands), start=1):
        if upper.gte is None or lower.gte is None or lower.gte < upper.gte:
            continue
        message = f"'{lower.id}' can never match: '{upper.id}' above it begins at {points(upper.gte)} already"
        file.refuse((*path, i, "gte"), message, "put the highest band first, and each bound once")
