"""What a lifecycle costs: work per event, bytes per contact.

The typical contact is played: twenty events, each of another kind as far as there are so many. The worst one
is estimated: everything that is bounded is full, and there are ten deals, which nothing bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.lifecycle.definition.moves.deeds import Guess
from processors.lifecycle.definition.moves.witness import Rehearsal
from processors.lifecycle.plan import BehaviourRule, HalfLife

if TYPE_CHECKING:
    from processors.lifecycle.definition.moves.exclusions import World
    from processors.lifecycle.plan import Plan

BASE = 420  # bytes of a state with nothing counted: ids, clocks, touches, a stage
ENTRY = 48  # an event as counters remember it: time, id of 36 characters
REFERENCE = 3  # to an entry that is stored once
VALUE = 9 + 2 + ENTRY  # a distinct value's hash, a flag, its newest event
STAMP = 9  # a time
EPOCH = 15  # a half-life's sum: epoch, weight
EPOCHS = 40  # kept per half-life sum
SEEN = 18  # a remembered event without the mask of its behaviours
TEXT = 50  # a profile field or a field of the last event
DEAL, DEALS = 60, 10
PERIOD = 6  # a day or week, and how many events it had
HOUR_MS = 3_600_000
TYPICAL_EVENTS = 20  # of a contact that has looked around


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`tests` and `accumulators`: per event of the type that needs most of them, and on average over types.

    `state_typical` and `state_worst`: bytes of a contact with twenty events, and of the busiest possible.
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
        state_worst=_worst(plan),
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


def _worst(plan: Plan) -> int:
    seen = SEEN + -(-len(plan.behaviours) // 8)
    counters = sum(one.keep * (VALUE if one.distinct else REFERENCE + ENTRY) for one in plan.counters)
    rules = sum(_rule(rule) for rule in plan.rules if isinstance(rule, BehaviourRule))
    fields = len(plan.profile_fields) + len(plan.last_fields)
    calendars = sum(one.keep for one in plan.calendars) * PERIOD
    return BASE + plan.limits.dedupe_keep * seen + counters + rules + fields * TEXT + calendars + DEALS * DEAL


def _rule(rule: BehaviourRule) -> int:
    decayed = EPOCHS * EPOCH if isinstance(rule.decay, HalfLife) else rule.keep * STAMP
    if rule.distinct is not None:
        return decayed + rule.keep * VALUE
    return decayed + (rule.keep * STAMP * 2 if rule.cap_times is not None else 0)
