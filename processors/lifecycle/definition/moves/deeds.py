"""What a contact must do for facts to hold: a first guess, which the rehearsal then tries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from processors.lifecycle.definition.moves.exclusions import UNIT_MS
from processors.lifecycle.definition.moves.field_values import passing_value
from processors.lifecycle.definition.moves.literals import Literal, ways
from processors.lifecycle.definition.moves.witness import STEP_MS, Deed
from processors.lifecycle.definition.vocabulary import DEAL_FIELDS
from processors.lifecycle.plan import (
    TOTAL,
    Active,
    Atom,
    BehaviourRule,
    Condition,
    Deal,
    Did,
    DidNot,
    HandoffIs,
    InStageFor,
    LastTest,
    ProfileTest,
    Reached,
    ScoreTest,
    Test,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.lifecycle.definition.moves.exclusions import World
    from processors.lifecycle.plan import Stage

TRIES = 8  # ways that are tried before a fact is given up
DEPTH = 4  # stages that have to be reached to reach a stage
LONG_MS = 60 * 86_400_000  # any hand-off has expired by then

Deeds = tuple[Deed, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """Finds deeds within one file's world; `depth` bounds stages that need other stages."""

    world: World
    depth: int = DEPTH

    def to_enter(self, stage: Stage) -> Iterator[Deeds]:
        """Yield deeds that may lead to a stage from nothing."""
        if stage.enter is not None:
            yield from self.to_hold([(stage.enter, True)])
        if self.depth:
            deeper = Guess(self.world, self.depth - 1)
            index = self.world.plan.stages.index(stage)
            for origin in self.world.plan.stages:
                for way in origin.leave:
                    if way.goto == index:
                        yield from deeper.to_leave(origin, way.when, way.after_ms)

    def to_leave(self, origin: Stage, when: Condition | None, after_ms: int | None) -> Iterator[Deeds]:
        """Yield deeds that may lead to a stage and out of it again."""
        wait = (Deed(type=None, after_ms=after_ms),) if after_ms else ()
        for before in islice(self.to_enter(origin), TRIES):
            for then in islice(self.to_hold([(when, True)] if when else []), TRIES):
                yield (*before, *then, *wait)

    def to_hold(self, wanted: Iterable[tuple[Condition, bool]]) -> Iterator[Deeds]:
        """Yield deeds that may make every condition as wanted."""
        world = self.world
        for way in islice(ways(wanted, world.plan, world.fits, world.budget), TRIES):
            yield from self.for_facts(way)

    def for_facts(self, facts: tuple[Literal, ...]) -> Iterator[Deeds]:
        """Yield deeds for facts: first what other stages need, then events, then waiting.

        Once more with waiting until nothing counts of which there may be only so much.
        """
        needed = [fact.leaf for fact in facts if fact.holds]
        before = next(self._stages_needed(needed), ())
        fields = self._field_deeds(facts)
        events = [deed for leaf in needed for deed in self._done(leaf)]
        waits = [leaf.for_ms for leaf in needed if isinstance(leaf, DidNot)]
        waits += [leaf.ms for leaf in needed if isinstance(leaf, InStageFor)]
        waiting = (Deed(type=None, after_ms=max(waits)),) if waits else ()
        done = (*before, *fields, *events, *waiting)
        yield done
        if longest := max(map(_until_few, facts), default=0):
            yield (*done, Deed(type=None, after_ms=longest))

    def _stages_needed(self, leaves: list[Condition]) -> Iterator[Deeds]:
        if not self.depth:
            return
        deeper, stages = Guess(self.world, self.depth - 1), self.world.plan.stages
        for leaf in leaves:
            if isinstance(leaf, Reached):
                yield from deeper.to_enter(stages[leaf.stage])
            if isinstance(leaf, HandoffIs):
                answer = _answer(leaf)
                for stage in stages:
                    if stage.handoff is not None:
                        yield from ((*deeds, answer) for deeds in deeper.to_enter(stage))

    def _field_deeds(self, facts: tuple[Literal, ...]) -> Iterator[Deed]:
        """Set every profile field, and send every event, that is tested."""
        world = self.world
        profile: dict[str, list[tuple[Test, bool]]] = {}
        last: dict[str, dict[str, list[tuple[Test, bool]]]] = {}
        for leaf, holds in facts:
            if isinstance(leaf, ProfileTest):
                profile.setdefault(leaf.test.field, []).append((leaf.test, holds))
            if isinstance(leaf, LastTest):
                last.setdefault(leaf.event, {}).setdefault(leaf.test.field, []).append((leaf.test, holds))
        values = {name: passing_value(tests, world.profile[name]) for name, tests in profile.items()}
        known = {name: value for name, value in values.items() if value is not None}
        if known:
            yield Deed(type="contact_updated", fields=(("profile", known),))
        for event, fields in last.items():
            found = {name: passing_value(tests, world.events[event][name]) for name, tests in fields.items()}
            yield Deed(type=event, fields=tuple(found.items()))

    def _done(self, leaf: Condition) -> Iterator[Deed]:
        plan = self.world.plan
        match leaf:
            case Did(op="at_least"):
                counter = plan.counters[leaf.counter]
                gap = min(STEP_MS, (leaf.within_ms or STEP_MS * leaf.n) // leaf.n)
                yield from self.doing(
                    plan.behaviours[counter.behaviour].atoms[0], leaf.n, counter.distinct, gap
                )
            case Active():
                calendar = plan.calendars[leaf.calendar]
                gap = UNIT_MS[calendar.unit]
                yield from self.doing(plan.behaviours[calendar.behaviour].atoms[0], leaf.periods, None, gap)
            case Deal():
                yield self._deal(leaf)
            case ScoreTest(op="gte" | "gt" | "eq"):
                yield from self._points(leaf)

    def doing(self, atom: Atom, times: int, distinct: str | None, gap: int) -> Iterator[Deed]:
        """Yield events that a filter takes, `gap` ms apart, each with another value of `distinct`."""
        kinds = self.world.events[atom.event]
        tested: dict[str, list[tuple[Test, bool]]] = {}
        for test in atom.tests:
            tested.setdefault(test.field, []).append((test, True))
        fields = {name: passing_value(tests, kinds[name]) for name, tests in tested.items()}
        for i in range(times):
            told = dict(fields)
            if distinct is not None and distinct not in tested:
                symbols = kinds[distinct].symbols
                told[distinct] = symbols[i % len(symbols)] if symbols else f"{distinct}-{i + 1}"
            yield Deed(type=atom.event, fields=tuple(told.items()), after_ms=gap)

    def _deal(self, leaf: Deal) -> Deed:
        tests: dict[str, list[tuple[Test, bool]]] = {}
        for test in leaf.tests:
            tests.setdefault(test.field, []).append((test, True))
        fields = {name: passing_value(found, DEAL_FIELDS[name]) for name, found in tests.items()}
        stage = {"won": "closed_won", "all_lost": "closed_lost"}.get(leaf.is_, "proposal")
        return Deed(type="deal_changed", fields=tuple({"deal": "d1", "stage": stage, **fields}.items()))

    def _points(self, leaf: ScoreTest) -> Iterator[Deed]:
        """Collect points rule by rule, the largest first, until there are enough."""
        missing = leaf.value + (leaf.op == "gt")
        rules = [rule for rule in self.world.plan.rules if leaf.score in {rule.score, TOTAL}]
        for rule in sorted(rules, key=lambda rule: -rule.points):
            if missing <= 0 or rule.points <= 0:
                return
            if isinstance(rule, BehaviourRule):
                times = _times(rule, missing)
                atom = self.world.plan.behaviours[rule.behaviour].atoms[0]
                yield from self.doing(atom, times, rule.distinct, STEP_MS)
                missing -= times * rule.points
            else:
                yield from next(self.to_hold([(rule.when, True)]), ())
                missing -= rule.points


def _times(rule: BehaviourRule, missing: int) -> int:
    """Return how many events at once bring the missing points, or as many as the rule's cap lets count."""
    bounds = [-(-missing // rule.points) + 1]  # one more: half-lives take a little off while the others come
    if rule.cap_times is not None:
        bounds.append(rule.cap_times)
    if rule.cap_points is not None:
        bounds.append(max(1, rule.cap_points // rule.points))
    return min(bounds)


def _until_few(fact: Literal) -> int:
    """How long until nothing counts of which there may be only so much, ms; 0 for other facts."""
    leaf = fact.leaf
    if not isinstance(leaf, Did) or fact.holds != (leaf.op == "at_most"):
        return 0
    return leaf.within_ms or 0


def _answer(leaf: HandoffIs) -> Deed:
    if leaf.status == "expired":
        return Deed(type=None, after_ms=LONG_MS)
    said = (("handoff", None), ("reason", "no budget")) if leaf.status == "rejected" else ()
    return Deed(type=f"handoff_{leaf.status}", fields=said)
