"""A partition of the simulated broker: records, transactions still open, the last stable offset, markers."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Row = tuple[bytes | None, bytes | None]
OPEN, COMMITTED, ABORTED = "open", "committed", "aborted"


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """A record; has what the engine reads of aiokafka's ConsumerRecord. `timestamp` in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    status: str
    headers: Sequence[tuple[str, bytes | None]] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class Log:
    """`start` and `end`: first offset kept and next one to give. A marker takes an offset, too."""

    topic: str
    partition: int
    start: int = 0
    end: int = 0
    entries: list[Entry] = field(default_factory=list)
    _open: dict[str, list[Entry]] = field(default_factory=dict)  # by transactional id

    def append(self, rows: Iterable[Row], timestamp: int, writer: str | None = None) -> None:
        """Add records: committed at once, or as part of the transaction of a transactional id."""
        for key, value in rows:
            entry = Entry(
                topic=self.topic,
                partition=self.partition,
                offset=self.end,
                timestamp=timestamp,
                key=key,
                value=value,
                status=COMMITTED if writer is None else OPEN,
            )
            if writer is not None:
                self._open.setdefault(writer, []).append(entry)
            self.entries.append(entry)
            self.end += 1

    def settle(self, writer: str, status: str) -> None:
        """Write the marker that commits or aborts all that is open of a transactional id here."""
        for entry in self._open.pop(writer, ()):
            entry.status = status
        self.end += 1

    def is_open(self, writer: str) -> bool:
        """Tell whether anything of a transactional id is neither committed nor aborted."""
        return writer in self._open

    @property
    def stable_end(self) -> int:
        """Up to where a read_committed reader gets."""
        return min((entries[0].offset for entries in self._open.values()), default=self.end)

    def read(self, offset: int, most: int, *, committed: bool = True) -> tuple[list[Entry], int]:
        """Return the committed records from an offset on, or all, and the offset to read next."""
        found: list[Entry] = []
        stable = self.stable_end if committed else self.end
        for index in range(bisect_left(self.entries, offset, key=_offset), len(self.entries)):
            entry = self.entries[index]
            if entry.offset >= stable or len(found) == most:
                return found, min(entry.offset, stable)
            if entry.status == COMMITTED or not committed:
                found.append(entry)
        return found, max(stable, offset)

    def committed(self) -> Iterator[Entry]:
        """Return all committed records."""
        return iter(self.read(self.start, len(self.entries))[0])

    def newest(self, key: bytes) -> bytes | None:
        """Return the last committed value of a key."""
        return next((entry.value for entry in reversed(self.entries) if _is(entry, key)), None)

    def compact(self) -> None:
        """Keep the newest committed record of each key, and what is not stable yet; offsets stay."""
        kept: dict[object, Entry] = {}
        stable = self.stable_end
        for entry in self.entries:
            if entry.offset >= stable:
                kept[entry.offset] = entry
            elif entry.status == COMMITTED:
                kept[entry.key] = entry
        self.entries = sorted(kept.values(), key=_offset)

    def cut(self, offset: int) -> None:
        """Lose everything stable before an offset."""
        self.start = min(offset, self.stable_end)
        self.entries = [entry for entry in self.entries if entry.offset >= self.start]


def _offset(entry: Entry) -> int:
    return entry.offset


def _is(entry: Entry, key: bytes) -> bool:
    return entry.key == key and entry.status == COMMITTED
