"""Who is at work on an archive: one writer, and readers whose files must not vanish under them."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Be the only writer. Raises LifecycleError when another one is at work."""
    with _file(root, "writer.lock") as file:
        if not _take(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            raise LifecycleError(f"{root}: another `stageline archive` is writing there.")
        yield


@contextmanager
def reading(root: Path) -> Iterator[None]:
    """Keep the files that the manifests name now, until this ends. Nothing needs to be written for that."""
    try:
        file: IO[str] = (root / "readers.lock").open(encoding="utf-8")
    except FileNotFoundError:
        file = _file(root, "readers.lock")
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def without_readers(root: Path) -> Iterator[bool]:
    """Tell whether nobody reads; if so, nobody begins to before this ends."""
    with _file(root, "readers.lock") as file:
        yield _take(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _file(root: Path, name: str) -> IO[str]:
    return (root / name).open("a", encoding="utf-8")


def _take(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    return True
