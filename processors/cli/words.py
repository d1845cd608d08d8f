"""How the read commands write points, times and changes, and how they reach the views."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console

from processors.settings import load_settings
from projections.store import RedisAwayError, View, connect, live_view
from schemas.errors import LifecycleError
from schemas.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOTHING = "—"
UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))


@contextmanager
def reading() -> Iterator[View]:
    """Give the view that readers are to use. Raises LifecycleError saying what to start."""
    client = connect(load_settings().redis_url)
    try:
        view = live_view(client)
        if view is None:
            raise LifecycleError("Nothing has been projected yet. Start `stageline projector`.")
        yield view
    except RedisAwayError as error:
        raise LifecycleError(
            f"Redis does not answer ({error}). Start one with `stageline up`, or set REDIS_URL."
        ) from error
    finally:
        client.close()


def console() -> Console:
    """Make a console for tables: as wide as the terminal, else so wide that nothing is cut."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 400)


def points(thousandths: int | None) -> str:
    """Write thousandths of a point as points: 40500 is 40.5."""
    # As the core does, which takes a while to import.
    return NOTHING if thousandths is None else f"{Decimal(thousandths) / 1000:f}"


def share(part: float | None) -> str:
    """Write a share (0 to 1) in percent."""
    return NOTHING if part is None else f"{part:.1%}"


def stage_name(stage: Mapping[str, Any]) -> str:
    """Name a stage, with its track where that is not the main one."""
    return stage["stage"] if stage["track"] == "main" else f"{stage['track']}: {stage['stage']}"


def moment(ms: int | None) -> str:
    """Write a time (ms since 1970) to the minute, in UTC."""
    return NOTHING if ms is None else from_ms(ms).strftime("%Y-%m-%d %H:%M")


def span(ms: int) -> str:
    """Write a length of time with its two largest units: `3 d 4 h`."""
    parts: list[str] = []
    for name, size in UNITS:
        number, ms = divmod(ms, size)
        if number or parts:
            parts.append(f"{number} {name}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "< 1 s"


def headline(change: Mapping[str, Any]) -> str:
    """Say in a few words what a change did; works on a whole change and on its brief form."""
    match change["record"]:
        case "stage_changed":
            track = "" if change["track"] == "main" else f"{change['track']}: "
            return f"{track}{change['from'] or NOTHING} → {change['to'] or NOTHING}"
        case "company_stage_changed":
            return f"{change['from'] or NOTHING} → {change['to'] or NOTHING}"
        case "segment_changed":
            return f"{change['segment']}: {change['from'] or NOTHING} → {change['to'] or NOTHING}"
    return f"hand-off of {change['stage']} {change['action']}"
