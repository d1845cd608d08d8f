"""Times given on the command line: `2026-03-01T09:30:00Z`, how long ago or how long: `90m`, `36h`, `7d`."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import click

from projections.periods import span_ms
from schemas.times import from_ms, to_ms


class When(click.ParamType):
    """Becomes ms, UTC."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's own signature
        """Read the moment, or fail with how one is written."""
        if isinstance(value, int):
            return value
        if (ago := span_ms(value)) is not None:
            return int(time.time() * 1000) - ago
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(
                f"{value!r}: write a time with its zone (2026-03-01T09:30:00Z) or an age (36h).", param, ctx
            )
        return to_ms(moment)


class Span(click.ParamType):
    """Becomes ms."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's own signature
        """Read the length of time, or fail with how one is written."""
        found = value if isinstance(value, int) else span_ms(value)
        if found is None:
            self.fail(f"{value!r}: write a length of time such as 90m, 36h or 30d.", param, ctx)
        return found


def iso(moment: int) -> str:
    """Write a moment (ms, UTC) to the second."""
    return from_ms(moment).isoformat(timespec="seconds").replace("+00:00", "Z")
