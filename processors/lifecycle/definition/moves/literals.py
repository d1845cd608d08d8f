"""The ways in which conditions can hold together, each a list of facts that do not exclude each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle.plan import All, AnyOf, InBand, Not, ScoreTest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from processors.lifecycle.plan import Condition, Plan

ALWAYS = All(of=(), path="")
NEVER = AnyOf(of=(), path="")


class Literal(NamedTuple):
    """A single condition, and whether it is to hold."""

    leaf: Condition
    holds: bool


class TooComplexError(Exception):
    """More combinations than are looked at."""


@dataclass(slots=True)
class Budget:
    """How much is looked at in one file: seconds at most, whatever the file says."""

    left: int = 100_000

    def spend(self, work: int = 1) -> None:
        """Take from it. Raises TooComplexError when nothing is left."""
        self.left -= work
        if self.left < 0:
            raise TooComplexError


Wanted = tuple[tuple["Condition", bool], ...]


def ways(
    wanted: Iterable[tuple[Condition, bool]],
    plan: Plan,
    fits: Callable[[Literal, tuple[Literal, ...]], bool],
    budget: Budget,
) -> Iterator[tuple[Literal, ...]]:
    """Yield each way to make every condition as wanted. Raises TooComplexError.

    `fits` says whether a fact can stand beside those already chosen.
    """
    stack: list[tuple[Wanted, tuple[Literal, ...]]] = [(tuple(wanted), ())]
    while stack:
        budget.spend()
        waiting, chosen = stack.pop()
        if not waiting:
            yield chosen
            continue
        (node, holds), rest = waiting[0], waiting[1:]
        options = _options(node, holds, plan)
        if options is not None:
            stack += [((*option, *rest), chosen) for option in reversed(options)]
        elif fits(Literal(node, holds), chosen):
            stack.append((rest, (*chosen, Literal(node, holds))))


def _options(node: Condition, holds: bool, plan: Plan) -> list[Wanted] | None:  # noqa: FBT001 - half of a pair
    """Take a condition apart: any one of the options makes it as wanted. None for a single fact."""
    match node:
        case All() | AnyOf():
            if isinstance(node, All) == holds:
                return [tuple((part, holds) for part in node.of)]
            return [((part, holds),) for part in node.of]
        case Not():
            return [((node.of, not holds),)]
        case InBand():
            return [((_band(node, plan), holds),)]
    return None


def _band(node: InBand, plan: Plan) -> Condition:
    """Write out what being in a band means: its own condition, and none of those above it."""
    segment = plan.segments[node.segment]
    above: list[Condition] = []
    for band in segment.bands:
        own = band.when or ALWAYS
        if segment.of is not None and band.gte is not None:
            own = ScoreTest(score=segment.of, op="gte", value=band.gte, path=band.path)
        if band.id == node.band:
            return All(of=(own, *(Not(of=other, path=band.path) for other in above)), path=node.path)
        above.append(own)
    return NEVER
