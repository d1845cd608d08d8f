"""Durations, points and lists in words, for reports, explanations and messages."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from processors.lifecycle.definition.grammar.terms import UNITS_MS

if TYPE_CHECKING:
    from collections.abc import Sequence


def duration(ms: int) -> str:
    """Write milliseconds as a file would: in the largest unit that divides them, weeks as days."""
    unit = next(unit for unit in "dhms" if ms % UNITS_MS[unit] == 0)
    return f"{ms // UNITS_MS[unit]}{unit}"


def points(thousandths: int) -> str:
    """Write points without needless zeros."""
    return f"{Decimal(thousandths) / 1000:f}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
