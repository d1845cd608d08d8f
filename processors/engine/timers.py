"""When each contact of a partition is next due: a heap, its entries checked when they surface."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

STALE_BEFORE_REBUILD = (
    10_000  # outdated heap entries tolerated beside as many live ones: keeps memory in bounds
)


class Timers:
    """Contact key → due time (ms, UTC).

    `clock_sent`: time of the clock record on its way through the log; no other is sent before it came back.

    Timers are changed while a batch is processed, ahead of its commit. That is safe because a batch that does
    not commit takes its partition down, timers included, and recovery builds them from the states.
    """

    __slots__ = ("_due", "_heap", "clock_sent")

    def __init__(self) -> None:
        self._due: dict[bytes, int] = {}
        self._heap: list[tuple[int, bytes]] = []
        self.clock_sent: int | None = None

    def set(self, key: bytes, due: int | None) -> None:
        """Note when a contact is due; None: never."""
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            heappush(self._heap, (due, key))
            if len(self._heap) > 2 * len(self._due) + STALE_BEFORE_REBUILD:
                self._rebuild()

    def next(self) -> int | None:
        """Return the earliest due time."""
        while self._heap and self._outdated():
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, at: int, limit: int) -> list[bytes]:
        """Remove and return at most `limit` contacts due at or before `at`, in (due, key) order."""
        keys: list[bytes] = []
        while len(keys) < limit and (due := self.next()) is not None and due <= at:
            key = heappop(self._heap)[1]
            del self._due[key]
            keys.append(key)
        return keys

    def clock_arrived(self, at: int) -> None:
        """Note that a clock record came back through the log and everything due at it was done."""
        if self.clock_sent is not None and self.clock_sent <= at:
            self.clock_sent = None

    def is_due(self, at: int) -> bool:
        """Tell whether any contact is due at `at`."""
        due = self.next()
        return due is not None and due <= at

    def _outdated(self) -> bool:
        due, key = self._heap[0]
        return self._due.get(key) != due

    def _rebuild(self) -> None:
        self._heap = [(due, key) for key, due in self._due.items()]
        heapify(self._heap)

    def __len__(self) -> int:
        return len(self._due)
