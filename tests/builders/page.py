"""The live page as its users run it: `stageline web` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGELINE = Path(sys.executable).with_name("stageline")


@contextmanager
def serving(redis_url: str, *options: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Give the page's address and its process, and end it."""
    process = subprocess.Popen(
        [STAGELINE, "web", "--port", "0", *options],
        env={"REDIS_URL": redis_url, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.wait(timeout=15)
        process.stdout.close()
