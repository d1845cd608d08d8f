"""Numbered lines of a file or of standard input, plain or gzip, in bounded memory.

A line longer than `MAX_LINE` comes in pieces that share its number and are not `whole`: whoever reads them
refuses each with its bytes, so that nothing is lost and no input can fill the memory.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader

MAX_LINE = 4 * 1024 * 1024  # four times the largest event that is accepted
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`number` counts from 1; `data` keeps its line end."""

    number: int
    data: bytes
    whole: bool = True

    def content(self) -> bytes:
        """Give the bytes of a whole line. Raises SchemaError for a piece of one that is too long."""
        if not self.whole:
            raise SchemaError("the line is longer than 4 MiB; this is a piece of it.")
        return self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An opened input. `size` and `position()`: bytes as stored, for a progress bar; a pipe has no size."""

    lines: Iterator[Line]
    size: int | None
    position: Callable[[], int]


@contextmanager
def open_input(name: str) -> Iterator[Input]:
    """Open a file, or standard input for `-`."""
    source = nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")  # noqa: SIM115 - below
    with cast("BufferedReader", source) as raw:
        stream = gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == _GZIP else raw
        size = None if name == "-" else Path(name).stat().st_size
        yield Input(
            lines=read_lines(cast("IO[bytes]", stream), name),
            size=size,
            position=(lambda: 0) if size is None else raw.tell,
        )


def read_lines(stream: IO[bytes], name: str = "-") -> Iterator[Line]:
    """Read a binary stream as numbered lines.

    Raises SchemaError where a gzip stream is damaged or cut short; the lines before have been given by then.
    """
    number, fresh = 1, True
    try:
        while data := stream.readline(MAX_LINE):
            ended = data.endswith(b"\n")
            yield Line(number=number, data=data, whole=fresh and (ended or len(data) < MAX_LINE))
            number, fresh = number + ended, ended
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SchemaError(
            f"{name}, line {number}: the gzip stream is damaged or cut short ({error}); what came "
            "before was read. Fetch the file again; `publish` and `import` then go on with --resume."
        ) from None
