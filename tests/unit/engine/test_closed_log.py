"""A log that is read on until nothing in it comes from behind the place up to which it is read."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from processors.engine import closed_log
from processors.engine.lifecycle import Lifecycle
from processors.lifecycle_files import load_lifecycle
from tests.builders.partitions import Partitions
from tests.builders.story import MONDAY, event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    import pytest

    from processors.engine.batch import Record

AT_ONCE = 3


class Topic:
    """Partitions in memory, of which the ends are told as they were when the reading began."""

    def __init__(self, worker: Partitions, ends: dict[int, int]) -> None:
        self._logs = [part.records for part in worker.parts]
        self._ends = ends
        self.partitions = tuple(ends)
        self._at = dict.fromkeys(ends, 0)

    async def ends(self) -> dict[int, int]:
        return dict(self._ends)

    async def start_at(self, offsets: dict[int, int]) -> None:
        self._at = dict(offsets)

    async def fetch(self) -> dict[int, Any]:
        found = {number: self._logs[number][at : at + AT_ONCE] for number, at in self._at.items()}
        self._at = {number: at + len(found[number]) for number, at in self._at.items()}
        return found

    async def positions(self) -> dict[int, int]:
        return dict(self._at)


def test_what_was_passed_on_is_read_with_what_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Partitions(Lifecycle(load_lifecycle("clarity")), 2)
    ann = next(name for name in map(str, range(99)) if worker.home(name) == 0)
    visitor = next(name for name in (f"anon:{n}" for n in range(99)) if worker.home(name) == 1)
    for number in range(20):
        worker.append(event("page_view", MONDAY, contact_id=visitor, event_id=f"e{number}", url="/a"))
    worker.append(event("contact_identified", MONDAY, contact_id=visitor, event_id="i", into=ann))
    worker.run()
    assert [len(part.records) for part in worker.parts] == [1, 21]
    kept: dict[int, list[int]] = {0: [], 1: []}
    seen: list[tuple[int, int]] = []

    def begin(partitions: int) -> Callable[[int, Iterable[Record], int], None]:
        assert partitions == 2
        return lambda number, records, _end: kept[number].extend(one.offset for one in records)

    async def look(done: int, total: int) -> None:
        seen.append((done, total))

    @asynccontextmanager
    async def opened(*_: str) -> AsyncIterator[Topic]:
        yield Topic(worker, {0: 1, 1: 2})

    monkeypatch.setattr(closed_log, "open_committed", opened)
    offsets = asyncio.run(closed_log.read_closed("broker", begin, look))
    assert offsets == {0: 1, 1: 21}
    assert kept == {0: [0], 1: list(range(21))}
    assert seen[-1] == (22, 22)
