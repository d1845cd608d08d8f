"""A folder for as long as a command works: what contacts did is in it, so it never stays behind."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger("stageline.replay")
NEW_S = 60  # a folder may be there for a moment before its command holds it


@contextmanager
def passing_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that is removed however the work in it ends, by SIGTERM too. For the main thread only.

    One that was left behind by a command that was killed is removed by the next that makes one like it.
    """
    _remove_abandoned(prefix)
    before = signal.signal(signal.SIGTERM, _end)
    try:
        with TemporaryDirectory(prefix=prefix) as folder, _held(Path(folder)):
            yield Path(folder)
    finally:
        signal.signal(signal.SIGTERM, before)


def _remove_abandoned(prefix: str) -> None:
    for folder in Path(gettempdir()).glob(f"{prefix}*"):
        try:
            known = folder.lstat()
            if (
                S_ISDIR(known.st_mode)
                and known.st_uid == os.getuid()
                and known.st_mtime < time.time() - NEW_S
            ):
                with _held(folder):
                    shutil.rmtree(folder)
        except (BlockingIOError, FileNotFoundError):
            continue  # somebody works there, or removes it, too
        except OSError as error:
            LOG.warning("%s: what a killed command left here cannot be removed (%s)", folder, error.strerror)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder until this or the process ends. Raises BlockingIOError where another process does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)  # what a shell says of a process that the signal ended
