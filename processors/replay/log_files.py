"""A file of events as a log: NDJSON (plain or gzip) or an Avro container, numbered from 1.

Standard input is kept in a temporary file, as some contacts may have to be folded again from the start.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from processors.feeds.items import Refused, Row
from processors.feeds.lines import open_input
from processors.feeds.transfer import read_ndjson
from schemas.container import is_container, read_events
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from schemas.events import Event


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
            for item in read_ndjson(source.lines):
                if isinstance(item, Row):
                    item.event["position"] = item.line
                    yield item.event
                elif isinstance(item, Refused):
                    refuse(item)
        self.done = lambda: self.size  # the file is closed; timers may still fire after its last event

    def _container(self) -> Iterator[Event]:
        with self._path.open("rb") as raw:
            self.done = raw.tell
            for position, event in enumerate(read_events(raw), start=1):
                event["position"] = position
                yield event
        self.done = lambda: self.size


@contextmanager
def open_log(name: str) -> Iterator[LogFile]:
    """Open a file of events, or standard input for `-`. Raises SchemaError for one that is not there."""
    if name != "-":
        path = Path(name)
        if not path.is_file():
            raise SchemaError(f"{name}: no such file of events.")
        yield LogFile(path, name)
        return
    with NamedTemporaryFile(prefix="stageline-", suffix=".events") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield LogFile(Path(kept.name), "standard input")
