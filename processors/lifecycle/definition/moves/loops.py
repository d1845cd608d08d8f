"""Ways out that lead around in a circle while no time passes.

Only `leave` rules can: what `enter` rules hold at a move back is spent until it has been false, so nobody
climbs again at once. A circle is refused when events are found that send a contact around it in the core.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle.definition.moves.deeds import Guess
from processors.lifecycle.definition.moves.literals import ALWAYS, NEVER, ways
from processors.lifecycle.definition.moves.witness import Rehearsal
from processors.lifecycle.plan import (
    Active,
    All,
    AnyOf,
    Did,
    DidNot,
    FitRule,
    HandoffIs,
    InStageFor,
    Not,
    ScoreTest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.lifecycle.definition.moves.deeds import Deeds
    from processors.lifecycle.definition.moves.exclusions import World
    from processors.lifecycle.definition.moves.literals import Wanted
    from processors.lifecycle.plan import Condition, Leave, Plan

MAX_CIRCLES = 50  # circles of ways out that are looked at: more than any agreement between people has
MAX_PATHS = 2_000  # ways that are followed to find them
MAX_STORIES = 40  # stories that are tried for one circle


class Edge(NamedTuple):
    """A way out of a stage that may be open at once."""

    origin: int
    way: Leave


class Loop(NamedTuple):
    """A circle, and a story that goes around it."""

    edges: tuple[Edge, ...]
    story: tuple[str, ...]


def loops(world: World) -> Iterator[Loop]:
    """Yield circles, each once, with a story that shows it. Raises TooComplexError."""
    for edges in islice(_circles(world.plan), MAX_CIRCLES):
        story = _story(edges, world)
        if story:
            yield Loop(edges, story)


def _circles(plan: Plan) -> Iterator[tuple[Edge, ...]]:
    """Yield simple circles of ways without a timer, starting at their lowest stage."""
    ways_out = [
        [Edge(index, way) for way in stage.leave if way.after_ms is None]
        for index, stage in enumerate(plan.stages)
    ]
    for start, first in enumerate(ways_out):
        paths: list[tuple[Edge, ...]] = [(edge,) for edge in first]
        for _ in range(MAX_PATHS):
            if not paths:
                break
            path = paths.pop()
            here = path[-1].way.goto
            if here == start:
                yield path
            elif here > start and here not in {edge.origin for edge in path}:
                paths += [(*path, edge) for edge in ways_out[here]]


def _story(edges: tuple[Edge, ...], world: World) -> tuple[str, ...]:
    """Tell how a contact gets into a circle and around it; empty when nobody is found to do so."""
    at_once = tuple((_settled(edge.way.when or ALWAYS, edges, world.plan), True) for edge in edges)
    if next(ways(at_once, world.plan, world.fits, world.budget), None) is None:
        return ()
    names = {world.plan.stages[edge.origin].id for edge in edges}
    for deeds in islice(_guesses(edges, at_once, world), MAX_STORIES):
        rehearsal = Rehearsal(world.plan, world.budget)
        rehearsal.act(deeds)
        rehearsal.look_again()
        if any(_goes_round(stages, names) for _, stages in rehearsal.moves):
            return rehearsal.told()
    return ()


def _guesses(edges: tuple[Edge, ...], at_once: Wanted, world: World) -> Iterator[Deeds]:
    """Yield deeds that may lead into each stage of a circle and then open every way of it."""
    guess = Guess(world)
    for i, edge in enumerate(edges):
        first = (edge.way.when or ALWAYS, True)
        for before in guess.to_enter(world.plan.stages[edge.origin]):
            for then in guess.to_hold([first, *at_once[i + 1 :], *at_once[:i]]):
                yield (*before, *then)


def _goes_round(stages: list[str], names: set[str]) -> bool:
    return any(stages.count(name) > 1 for name in names)


def _settled(node: Condition, edges: tuple[Edge, ...], plan: Plan) -> Condition:
    """Replace what is known of a contact that has been around once: just entered, just reset."""
    if isinstance(node, (All, AnyOf)):
        return replace(node, of=tuple(_settled(part, edges, plan) for part in node.of))
    if isinstance(node, Not):
        return replace(node, of=_settled(node.of, edges, plan))
    if isinstance(node, ScoreTest):
        return _score_after(node, edges, plan)
    if isinstance(node, Did) and _forgets(node, edges):
        return ALWAYS if node.op == "at_most" else NEVER
    return NEVER if _is_over(node, edges, plan) else node


def _forgets(node: Did, edges: tuple[Edge, ...]) -> bool:
    """Whether nothing counts any more: since the entry just now, the cycle just begun, or a reset."""
    by_cycle = node.since == "recycled" and _resets(edges)
    return node.since == "stage_entry" or by_cycle or _resets_counts(edges)


def _is_over(node: Condition, edges: tuple[Edge, ...], plan: Plan) -> bool:
    """Whether a fact cannot hold of a contact that has just moved."""
    if isinstance(node, HandoffIs):
        return _resets(edges) or any(plan.stages[edge.origin].handoff for edge in edges)
    if isinstance(node, (DidNot, Active)):
        return _resets_counts(edges)
    return isinstance(node, InStageFor)


def _resets(edges: tuple[Edge, ...]) -> bool:
    return any(edge.way.reset_counts or edge.way.reset_scores for edge in edges)


def _resets_counts(edges: tuple[Edge, ...]) -> bool:
    return any(edge.way.reset_counts for edge in edges)


def _score_after(node: ScoreTest, edges: tuple[Edge, ...], plan: Plan) -> Condition:
    """Decide a test of a score that is reset on the way: one of behaviour alone is nothing then."""
    reset = any(node.score in edge.way.reset_scores for edge in edges)
    if not reset or any(isinstance(rule, FitRule) and rule.score == node.score for rule in plan.rules):
        return node
    below, above = node.value < 0, node.value > 0
    outcome = {
        "gte": not above, "gt": below, "lte": not below, "lt": above,
        "eq": node.value == 0, "ne": node.value != 0,
    }  # fmt: skip
    return ALWAYS if outcome[node.op] else NEVER
