"""How far a file has been published: a small file beside it, so that an interrupted run can go on.

The line is the last one up to which the broker has acknowledged everything. Removed when all of it is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from schemas.errors import LifecycleError

HEAD_BYTES = 65_536  # enough to tell two exports with the same header apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """`head` and `head_bytes`: SHA-256 and length of the beginning of the file, as it was stored."""

    line: int
    head: str
    head_bytes: int


def beside(source: str) -> Path:
    """Where the checkpoint of a file lives."""
    return Path(f"{source}.checkpoint")


def save(source: str, line: int) -> None:
    """Write the checkpoint: whole or not at all."""
    head = _head(source, HEAD_BYTES)
    checkpoint = Checkpoint(line=line, head=sha256(head).hexdigest(), head_bytes=len(head))
    fresh = beside(source).with_suffix(".checkpoint.new")
    fresh.write_text(json.dumps(asdict(checkpoint)) + "\n", "utf-8")
    fresh.replace(beside(source))


def load(source: str) -> int:
    """Read the line to go on after; 0 when there is no checkpoint.

    Raises LifecycleError when the checkpoint is of another file or damaged.
    """
    try:
        checkpoint = Checkpoint(**json.loads(beside(source).read_text("utf-8")))
        same = sha256(_head(source, checkpoint.head_bytes)).hexdigest() == checkpoint.head
    except FileNotFoundError:
        return 0
    except (ValueError, TypeError):
        raise LifecycleError(
            f"{beside(source)} is damaged: remove it and start anew without --resume."
        ) from None
    if not same:
        raise LifecycleError(
            f"{beside(source)} was written for another content of {source}: "
            "remove it and start anew without --resume."
        )
    return checkpoint.line


def clear(source: str) -> None:
    """Remove the checkpoint: all is done."""
    beside(source).unlink(missing_ok=True)


def _head(source: str, size: int) -> bytes:
    with Path(source).open("rb") as file:
        return file.read(size)
