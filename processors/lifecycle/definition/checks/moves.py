"""Unreachable stages and endless moves of a file that is right otherwise, placed in its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle.definition.checks.walk import stages
from processors.lifecycle.definition.moves.exclusions import world_of
from processors.lifecycle.definition.moves.literals import TooComplexError
from processors.lifecycle.definition.moves.loops import loops
from processors.lifecycle.definition.moves.unreachable import unreachable

if TYPE_CHECKING:
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.definition.moves.loops import Loop
    from processors.lifecycle.plan import Plan
    from processors.strict_yaml.source import Source

REMEDY = "let one of them wait ('after: 1d'), or ask for something the others exclude"


def check_moves(lifecycle: Lifecycle, plan: Plan, source: Source) -> None:
    """Note stages that nobody stops at, and circles that never end, as far as a few seconds show."""
    world = world_of(lifecycle, plan)
    paths = [path for path, _ in stages(lifecycle)]
    try:
        for one in unreachable(world):
            place = source.place((*paths[one.stage], "id"))
            source.refuse(place, one.message, one.remedy, example=one.story)
        for loop in loops(world):
            origin, way = loop.edges[0]
            index = plan.stages[origin].leave.index(way)
            place = source.place((*paths[origin], "leave", index, "goto"))
            source.refuse(place, _around(loop, plan), REMEDY, example=loop.story)
    except TooComplexError:
        return  # what was found until then stands


def _around(loop: Loop, plan: Plan) -> str:
    names = [plan.stages[edge.origin].id for edge in loop.edges]
    return f"a contact would go round without end: {' → '.join([*names, names[0]])}"
