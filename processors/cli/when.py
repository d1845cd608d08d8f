"""A moment given on the command line: `2026-03-01T09:30:00Z`, or how long ago: `90m`, `36h`, `7d`."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import click

_AGO = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class When(click.ParamType):
    """Becomes ms, UTC."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's own signature
        """Read the moment, or fail with how one is written."""
        if isinstance(value, int):
            return value
        if ago := _AGO.fullmatch(value):
            return int(time.time() * 1000) - int(ago[1]) * _MS[ago[2]]
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(
                f"{value!r}: write a time with its zone (2026-03-01T09:30:00Z) or an age (36h).", param, ctx
            )
        return int(moment.timestamp() * 1000)


def iso(moment: int) -> str:
    """Write a moment (ms, UTC) to the second."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
