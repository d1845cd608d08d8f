"""A folder for as long as a command works: what contacts did is in it, so it never stays behind."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def passing_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that is removed however the work in it ends, by SIGTERM too. For the main thread only."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        with TemporaryDirectory(prefix=prefix) as folder:
            yield Path(folder)
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # what a shell says of a process that the signal ended
