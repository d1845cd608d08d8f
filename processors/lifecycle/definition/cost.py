"""What a lifecycle costs: work per event, bytes per contact.

The typical contact is played: twenty events, each of another kind as far as there are so many. For the worst
one see `state_size`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.lifecycle.definition.moves.deeds import Guess
from processors.lifecycle.definition.moves.witness import Rehearsal
from processors.lifecycle.definition.state_size import most_bytes
from processors.lifecycle.plan import BehaviourRule

if TYPE_CHECKING:
    from processors.lifecycle.definition.moves.exclusions import World
    from processors.lifecycle.plan import Plan

HOUR_MS = 3_600_000
TYPICAL_EVENTS = 20  # of a contact that has looked around


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`tests` and `accumulators`: per event of the type that needs most of them, and on average over types.

    `state_typical` and `state_worst`: bytes of a contact with twenty events, and the most there can be.
    """

    busiest_event: str
    tests: int
    accumulators: int
    mean_tests: float
    mean_accumulators: float
    state_typical: int
    state_worst: int


def cost_of(world: World) -> Cost:
    """Estimate what a file's plan costs."""
    plan = world.plan
    events = sorted({atom.event for behaviour in plan.behaviours for atom in behaviour.atoms})
    tests = {event: _tests(plan, event) for event in events}
    touched = {event: _accumulators(plan, event) for event in events}
    busiest = max(events, key=lambda event: tests[event] + touched[event], default="")
    return Cost(
        busiest_event=busiest,
        tests=tests.get(busiest, 0),
        accumulators=touched.get(busiest, 0),
        mean_tests=round(sum(tests.values()) / max(1, len(events)), 1),
        mean_accumulators=round(sum(touched.values()) / max(1, len(events)), 1),
        state_typical=_typical(world),
        state_worst=most_bytes(plan),
    )


def _tests(plan: Plan, event: str) -> int:
    """Count the tests of fields that an event meets at most."""
    atoms = [atom for behaviour in plan.behaviours for atom in behaviour.atoms if atom.event == event]
    return sum(len(atom.tests) for atom in atoms)


def _accumulators(plan: Plan, event: str) -> int:
    """Count the counters, calendars and rules that an event changes at most."""
    touched = {i for i, one in enumerate(plan.behaviours) if any(atom.event == event for atom in one.atoms)}
    used = [one.behaviour for one in plan.counters] + [one.behaviour for one in plan.calendars]
    used += [rule.behaviour for rule in plan.rules if isinstance(rule, BehaviourRule)]
    return sum(behaviour in touched for behaviour in used)


def _typical(world: World) -> int:
    atoms = list(dict.fromkeys(atom for behaviour in world.plan.behaviours for atom in behaviour.atoms))
    rehearsal = Rehearsal(world.plan, world.budget)
    guess = Guess(world)
    for i in range(TYPICAL_EVENTS if atoms else 0):
        rehearsal.act(tuple(guess.doing(atoms[i % len(atoms)], 1, None, HOUR_MS)))
    return len(rehearsal.state)
