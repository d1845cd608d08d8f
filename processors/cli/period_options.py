"""The period that a figure is about: the options that all such commands have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from processors.cli.when import When
from projections.periods import Period

if TYPE_CHECKING:
    from collections.abc import Callable


def period_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `since` and `until` (ms, UTC; None: open on that side)."""
    since = click.option("--since", type=When(), help="Then or later: a time with its zone, or an age (30d).")
    until = click.option("--until", type=When(), help="Before then.")
    return since(until(command))


def period_of(since: int | None, until: int | None) -> Period:
    """Make the period that was asked for, or refuse it."""
    try:
        return Period(since=since, until=until)
    except ValueError as error:
        raise click.UsageError(f"--since and --until: {error}") from error
