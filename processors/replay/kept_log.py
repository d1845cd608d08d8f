"""Records of contact-events kept in a file as (partition, offset, value): a log that can be read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack

from processors.feeds.items import Refused
from schemas.codec import decode_trusted
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schemas.events import Event


class KeptLog:
    """`size` is in bytes, `done` says how many of them were read. Events say their partition and position."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size
        self.done: Callable[[], int] = lambda: 0

    def events(self) -> Iterator[Event]:
        """Read it again; what cannot be read was refused the first time."""
        return self.read(lambda _refused: None)

    def read(self, refuse: Callable[[Refused], None]) -> Iterator[Event]:
        """Read the events in order, partitions as they were mixed. The workers set aside what is refused."""
        with self._path.open("rb") as raw:
            unpacker = msgpack.Unpacker(raw)
            self.done = unpacker.tell
            for partition, offset, value in unpacker:
                try:
                    event = decode_trusted(value)
                except SchemaError as error:
                    refuse(Refused(line=offset, reason=f"partition {partition}: {error}", original=value))
                    continue
                event["partition"], event["position"] = partition, offset
                yield event
        self.done = lambda: self.size
