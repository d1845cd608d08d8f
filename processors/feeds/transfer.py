"""From lines to a sink: what could be read is sent, what could not is kept, everything is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from processors.feeds.items import Item, Refused, Row, Skipped
from schemas.errors import SchemaError
from schemas.ndjson import parse_line, to_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from processors.feeds.lines import Line
    from schemas.events import Event


class Sink(Protocol):
    """Takes events in order of their lines. Raises SchemaError for one that it can never take."""

    def send(self, line: int, event: Event) -> None:
        """Take one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NdjsonSink:
    """Writes events as lines of JSON, for a pipe."""

    out: BinaryIO

    def send(self, line: int, event: Event) -> None:  # noqa: ARG002 - the sink's signature
        """Write one event."""
        self.out.write(to_line(event).encode() + b"\n")


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has become of the lines so far. `line` is the last one looked at."""

    line: int = 0
    events: int = 0
    refused: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def read_ndjson(lines: Iterable[Line]) -> Iterator[Item]:
    """Read lines of JSON. Empty lines are skipped."""
    for line in lines:
        try:
            if line.content().strip():
                yield Row(line=line.number, event=parse_line(line.data), original=line.data)
            else:
                yield Skipped(line=line.number, reason="empty line")
        except SchemaError as error:
            yield Refused(line=line.number, reason=str(error), original=line.data)


def transfer(items: Iterable[Item], sink: Sink, refuse: Callable[[Refused], None], tally: Tally) -> None:
    """Send every event; hand every refusal to `refuse`. `tally` is kept up to date, whatever happens."""
    for item in items:
        tally.line = item.line
        refused = _send(item, sink, tally) if isinstance(item, Row) else item
        if isinstance(refused, Skipped):
            tally.skipped[refused.reason] += 1
        elif isinstance(refused, Refused):
            tally.refused += 1
            refuse(refused)


def _send(row: Row, sink: Sink, tally: Tally) -> Refused | None:
    try:
        sink.send(row.line, row.event)
    except SchemaError as error:
        return Refused(line=row.line, reason=str(error), original=row.original)
    tally.events += 1
    return None
