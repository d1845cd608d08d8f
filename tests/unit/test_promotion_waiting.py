"""What a promotion says while it waits for workers, without a broker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle
from processors.promotion import promote
from processors.promotion.generation import generation
from processors.promotion.promote import Definition, Promotion

if TYPE_CHECKING:
    import pytest

    from processors.promotion.generation import Generation

PLAN = load_lifecycle("clarity")


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def show(self, what: str, done: int, total: int) -> None:
        """Show nothing."""


class Slow(Promotion):
    """Each look at the partitions that are left finds the next of `LEFT`."""

    async def left(self, one: Generation) -> list[int]:
        del one
        return LEFT.pop(0)


LEFT: list[list[int]] = []


def waited(left: list[list[int]]) -> list[str]:
    LEFT[:] = left
    said, first = Said(), Definition(text="", plan=PLAN)
    one = generation(PLAN, "", 2, 1, status="switched", at=0, in_place=True, barriers={0: 7, 1: 7, 2: 7})
    asyncio.run(Slow(bootstrap="", first=first, watch=said)._wait(one))
    return said.lines[1:]


def test_who_is_waited_for_long_is_told_once_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promote, "LOOK_S", 0.0)
    monkeypatch.setattr(promote, "LONG_S", 0.0)
    told = f"Waiting for workers to pass the barrier in partitions 1, 2. {promote.START_ONE}"
    assert waited([[1, 2], [1, 2], [1, 2], [2], []]) == [told]
    monkeypatch.setattr(promote, "LONG_S", 60.0)
    assert waited([[1, 2], [1, 2], [2], []]) == []
