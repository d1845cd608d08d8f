"""Where stages and ribbons of a diagram of moves stand. Lengths are in units of the drawing; y goes down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Move = Mapping[str, Any]
    Pair = tuple[str, str]  # old stage, new stage

TOP = 34.0
TALL = 260.0  # of all ribbons of one side together
GAP = 18.0  # between stages
LEAST_STAGE = 30.0  # room for the two lines of its label
LEAST_RIBBON = 2.0  # one contact among thousands can still be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage's bar on one side."""

    name: str
    contacts: int
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """All moves from one stage to another; `y0`, `y1`: its upper edge on the left and on the right."""

    start: str
    end: str
    contacts: int
    height: float
    y0: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Everything that is drawn."""

    left: tuple[Stage, ...]
    right: tuple[Stage, ...]
    ribbons: tuple[Ribbon, ...]
    height: float


def lay_out(moves: Sequence[Move], order: Sequence[str]) -> Layout:
    """Stack the stages of both sides in this order, and the ribbons of each in the order of their ends."""
    counts: Counter[Pair] = Counter()
    for move in moves:
        counts[move["from"], move["to"]] += move["contacts"]
    total = counts.total()
    pairs = sorted(counts, key=lambda pair: (order.index(pair[0]), order.index(pair[1])))
    heights = {pair: max(LEAST_RIBBON, TALL * counts[pair] / total) for pair in pairs}
    left, right = (_stack(order, side, counts, heights) for side in (0, 1))
    edges = {0: {one.name: one.y for one in left}, 1: {one.name: one.y for one in right}}
    ribbons = []
    for start, end in pairs:
        height = heights[start, end]
        ribbons.append(
            Ribbon(
                start=start,
                end=end,
                contacts=counts[start, end],
                height=height,
                y0=edges[0][start],
                y1=edges[1][end],
            )
        )
        edges[0][start] += height
        edges[1][end] += height
    bottom = max(one.y + max(one.height, LEAST_STAGE) for one in (*left, *right))
    return Layout(left=left, right=right, ribbons=tuple(ribbons), height=bottom + 4)


def _stack(
    order: Sequence[str], side: int, counts: Counter[Pair], heights: Mapping[Pair, float]
) -> tuple[Stage, ...]:
    stages, y = [], TOP
    for name in order:
        own = [pair for pair in counts if pair[side] == name]
        if own:
            height = sum(heights[pair] for pair in own)
            stages.append(Stage(name=name, contacts=sum(counts[pair] for pair in own), y=y, height=height))
            y += max(height, LEAST_STAGE) + GAP
    return tuple(stages)
