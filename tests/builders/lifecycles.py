"""Small lifecycle files for tests: only what a test is about; the head and owners are added."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from processors.lifecycle_files import compile_lifecycle, read_lifecycle

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

HEAD = """\
lifecycle: 1
id: test
version: 1.0.0
"""
VIEWS = """\
behaviours:
  view: {event: page_view}
  product: {event: page_view, where: {url: {path: /products/**}}}
  download: {event: asset_download}
  form: {event: form_submitted}
"""


def plan_of(text: str, *, timezone: str = "UTC") -> Plan:
    """Compile a file; `text` may bring behaviours of its own."""
    return compile_lifecycle("test.yaml", source_of(text, timezone))


def source_of(text: str, timezone: str = "UTC") -> bytes:
    """Write the file that `plan_of` compiles."""
    behaviours = "" if "behaviours:" in text else VIEWS
    return f"{HEAD}timezone: {timezone}\n{behaviours}{text}".encode()


def stages(*lines: str) -> str:
    """Stages, each one line in braces without them; what is not said is owner sales and terminal."""
    written = []
    for line in lines:
        owner = "" if "owner:" in line else ", owner: sales"
        terminal = "" if "leave:" in line or "terminal:" in line else ", terminal: true"
        written.append(f"  - {{{line}{owner}{terminal}}}")
    return "stages:\n" + "\n".join(written) + "\n"


@cache
def sooner(preset: str) -> Plan:
    """Compile a preset whose stages are reached sooner, and left sooner."""
    numbers = re.compile(rb"((?:gte|at_least|half_life|within|after): )(\d+)(?![\d.])")
    return compile_lifecycle(f"sooner {preset}", numbers.sub(_less, read_lifecycle(preset)[1]))


def _less(found: re.Match[bytes]) -> bytes:
    return found[1] + str(int(found[2]) * 3 // 5 + 1).encode()
