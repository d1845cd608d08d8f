"""Stages nobody stops at: their condition contradicts itself, or a higher one is always entered instead."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle.definition.moves.deeds import Guess
from processors.lifecycle.definition.moves.literals import Literal, ways
from processors.lifecycle.definition.moves.witness import Rehearsal
from processors.lifecycle.plan import HandoffIs, Reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.lifecycle.definition.moves.exclusions import World
    from processors.lifecycle.plan import Condition, Stage


class Unreachable(NamedTuple):
    """A stage nobody ever stops at, why, and a story that shows it."""

    stage: int
    message: str
    remedy: str
    story: tuple[str, ...]


def unreachable(world: World) -> Iterator[Unreachable]:
    """Yield them, but for stages that only miss another one that is missing. Raises TooComplexError."""
    plan = world.plan
    targets = {way.goto for stage in plan.stages for way in stage.leave}
    everything = frozenset(range(len(plan.stages)))
    for index, stage in enumerate(plan.stages):
        if stage.enter is None or index in targets:
            continue
        others = everything - {index}
        if not _possible([(stage.enter, True)], world, others, stage.track):
            yield _contradiction(index, world, others)
        else:
            above = _above(stage, world)
            denied = [(higher.enter, False) for higher in above if higher.enter is not None]
            if denied and not _possible([(stage.enter, True), *denied], world, others, stage.track):
                yield _overtaken(index, above, world)


def _possible(wanted: list[tuple[Condition, bool]], world: World, stages: frozenset[int], track: int) -> bool:
    return next(ways(wanted, world.plan, _fits(world, stages, track), world.budget), None) is not None


def _fits(world: World, stages: frozenset[int], track: int) -> Callable[[Literal, tuple[Literal, ...]], bool]:
    """Facts that go together while only certain stages can be reached."""
    offered = any(world.plan.stages[i].handoff and world.plan.stages[i].track == track for i in stages)

    def fits(new: Literal, chosen: tuple[Literal, ...]) -> bool:
        if new.holds and isinstance(new.leaf, Reached) and new.leaf.stage not in stages:
            return False
        if new.holds and isinstance(new.leaf, HandoffIs) and not offered:
            return False
        return world.fits(new, chosen)

    return fits


def _above(stage: Stage, world: World) -> list[Stage]:
    plan = world.plan
    return [other for other in plan.stages if other.track == stage.track and other.rank > stage.rank]


def _contradiction(index: int, world: World, others: frozenset[int]) -> Unreachable:
    """Name the first fact that cannot stand beside those before it, in the first way to enter."""
    stage = world.plan.stages[index]
    wanted = [] if stage.enter is None else [(stage.enter, True)]
    fits = _fits(world, others, stage.track)
    facts = next(ways(wanted, world.plan, lambda _new, _chosen: True, world.budget), ())
    story = _story(world, facts)
    for i, fact in enumerate(facts):
        if not fits(fact, ()):
            remedy = f"{fact.leaf.path} can never hold: {_why_never(fact)}"
            return Unreachable(index, f"nothing can enter '{stage.id}'", remedy, story)
        other = next((one for one in facts[:i] if not fits(fact, (one,))), None)
        if other is not None:
            remedy = f"{other.leaf.path} and {fact.leaf.path} exclude each other"
            return Unreachable(index, f"nothing can enter '{stage.id}'", remedy, story)
    return Unreachable(index, f"nothing can enter '{stage.id}'", "its parts exclude each other", story)


def _why_never(fact: Literal) -> str:
    if isinstance(fact.leaf, HandoffIs):
        return "no other stage of this ladder offers a hand-off"
    return (
        "it asks for what only this stage leads to" if isinstance(fact.leaf, Reached) else "no value passes"
    )


def _overtaken(index: int, above: list[Stage], world: World) -> Unreachable:
    stage = world.plan.stages[index]
    for deeds in islice(Guess(world).to_enter(stage), 4):
        rehearsal = Rehearsal(world.plan, world.budget)
        rehearsal.act(deeds)
        last = [stages[-1] for _, stages in rehearsal.moves if stages]
        if last and last[-1] in {other.id for other in above}:
            return _passed_over(index, last[-1], world, rehearsal.told())
    return _passed_over(index, above[0].id, world, ())


def _passed_over(index: int, by: str, world: World, story: tuple[str, ...]) -> Unreachable:
    stage = world.plan.stages[index]
    message = f"nobody ever stops at '{stage.id}': whoever may enter it may enter '{by}', which is higher"
    return Unreachable(index, message, f"ask for more in '{by}', or for less in '{stage.id}'", story)


def _story(world: World, facts: tuple[Literal, ...]) -> tuple[str, ...]:
    rehearsal = Rehearsal(world.plan, world.budget)
    rehearsal.act(next(Guess(world).for_facts(facts)))
    return rehearsal.told()
