"""A file of events as a log: NDJSON (plain or gzip) or an Avro container, numbered from 1.

Standard input, or any other pipe, is kept in a temporary file, as some contacts may have to be folded again
from the start.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from processors.compiled_intake import compiled_intake
from processors.feeds.items import Refused, Row
from processors.feeds.lines import open_input
from processors.feeds.transfer import read_ndjson
from schemas.codec import SINGLE_OBJECT, decode_trusted
from schemas.container import is_container, read_events
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from processors.feeds.items import Item
    from processors.feeds.lines import Line
    from schemas.events import Event


CHUNK_BYTES = 1 << 20  # of lines that are read at once: some thousands


class Placed(dict[str, Any]):
    """An event that names its contact, with the `value` of its record of contact-events."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        super().__init__(decode_trusted(value))
        self.value = value


class LogFile:
    """A log that can be read again. `size` is in bytes, `done` says how many of them were read."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self.name = path, name
        self.size = path.stat().st_size
        self.done: Callable[[], int] = lambda: 0

    def events(self) -> Iterator[Event]:
        """Read it again; what cannot be read was refused the first time."""
        return self.read(lambda _refused: None)

    def read(self, refuse: Callable[[Refused], None]) -> Iterator[Event]:
        """Read the events in order. A line that cannot be read goes to `refuse`; its number is not reused.

        Raises SchemaError where the file cannot be read any further.
        """
        with self._path.open("rb") as raw:
            container = is_container(raw.read(4))
        return self._container() if container else self._lines(refuse)

    def _lines(self, refuse: Callable[[Refused], None]) -> Iterator[Event]:
        with open_input(str(self._path)) as source:
            self.done = source.position
            for item in _items(source.lines):
                if isinstance(item, Refused):
                    refuse(item)
                elif isinstance(item, Row):
                    item.event["position"] = item.line
                    yield item.event
        self.done = lambda: self.size  # the file is closed; timers may still fire after its last event

    def _container(self) -> Iterator[Event]:
        with self._path.open("rb") as raw:
            self.done = raw.tell
            try:
                for position, event in enumerate(read_events(raw), start=1):
                    event["position"] = position
                    yield event
            except SchemaError as error:
                raise SchemaError(f"{self.name}: {error}") from None
        self.done = lambda: self.size


def _items(lines: Iterable[Line]) -> Iterator[Item]:
    """Read lines, by the compiled intake where it can: its events name their contact already."""
    intake = compiled_intake()
    if intake is None:
        yield from read_ndjson(lines)
        return
    for some in _chunks(lines):
        admitted = intake.admit([(_json(one), None) for one in some])
        for line, found in zip(some, admitted, strict=True):
            if found is None:
                yield from read_ndjson((line,))
            else:
                yield Row(line=line.number, event=Placed(found[1]), original=line.data)


def _json(line: Line) -> bytes | None:
    """Give what may be JSON; the intake would take a record of Avro, too."""
    return line.data if line.whole and not line.data.startswith(SINGLE_OBJECT) else None


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Group lines; what was read before an error comes before it."""
    some, size = [], 0
    try:
        for line in lines:
            some.append(line)
            size += len(line.data)
            if size >= CHUNK_BYTES:
                yield some
                some, size = [], 0
    except SchemaError:
        yield some
        raise
    yield some


@contextmanager
def open_log(name: str) -> Iterator[LogFile]:
    """Open a file, a pipe, or standard input for `-`. Raises SchemaError for one that is not there."""
    path = Path(name)
    if name == "-":  # also beside a file of that name, which is ./-
        with _kept(sys.stdin.buffer) as kept:
            yield LogFile(kept, "standard input")
    elif path.is_file():
        yield LogFile(path.absolute() if path.name == "-" else path, name)
    elif path.is_fifo():
        with path.open("rb") as pipe, _kept(pipe) as kept:
            yield LogFile(kept, name)
    else:
        raise SchemaError(f"{name}: no such file of events.")


@contextmanager
def _kept(pipe: IO[bytes]) -> Iterator[Path]:
    with NamedTemporaryFile(prefix="stageline-", suffix=".events") as kept:
        shutil.copyfileobj(pipe, kept)
        kept.flush()
        yield Path(kept.name)
