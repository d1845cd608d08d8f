"""Which facts exclude each other. Only what is certain: two facts not named here may well go together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from processors.lifecycle.definition import vocabulary
from processors.lifecycle.definition.moves.field_values import some_value_passes
from processors.lifecycle.definition.moves.literals import Budget
from processors.lifecycle.definition.vocabulary import DEAL_FIELDS
from processors.lifecycle.plan import (
    Active,
    Deal,
    Did,
    DidNot,
    HandoffIs,
    InStageFor,
    LastTest,
    ProfileTest,
    ScoreTest,
)
from schemas.times import DAY_MS

if TYPE_CHECKING:
    from processors.lifecycle.definition.grammar.lifecycle import Lifecycle
    from processors.lifecycle.definition.moves.literals import Literal
    from processors.lifecycle.definition.vocabulary import Fields
    from processors.lifecycle.plan import Atom, Plan

UNIT_MS = {"day": DAY_MS, "week": 7 * DAY_MS}
SINCE = ("ever", "recycled", "stage_entry")  # each a part of the one before


@dataclass(frozen=True, slots=True)
class World:
    """A file's plan, what kinds of values fields hold, and how much is looked at."""

    plan: Plan
    profile: Fields
    events: dict[str, Fields]
    budget: Budget

    def fits(self, new: Literal, chosen: tuple[Literal, ...]) -> bool:
        """Whether a fact can stand beside the others. Raises TooComplexError."""
        self.budget.spend(1 + len(chosen))
        return not any(self._exclude(new, old) for old in chosen) and self._field_fits(new, chosen)

    def _exclude(self, one: Literal, other: Literal) -> bool:
        if one.holds != other.holds and replace(one.leaf, path="") == replace(other.leaf, path=""):
            return True
        return any(
            rule(first, second, self.plan)
            for first, second in ((one, other), (other, one))
            for rule in (_too_few, _score_apart, _deals_apart, _answers_apart, _less_than_less)
        )

    def _field_fits(self, new: Literal, chosen: tuple[Literal, ...]) -> bool:
        """Whether some value of a field passes every test of it."""
        leaf = new.leaf
        if not isinstance(leaf, (ProfileTest, LastTest)):
            return True
        event = leaf.event if isinstance(leaf, LastTest) else None
        kind = (self.profile if event is None else self.events[event])[leaf.test.field]
        same = [
            (other.leaf.test, other.holds)
            for other in (*chosen, new)
            if type(other.leaf) is type(leaf)
            and isinstance(other.leaf, (ProfileTest, LastTest))
            and other.leaf.test.field == leaf.test.field
            and getattr(other.leaf, "event", None) == event
        ]
        return some_value_passes(same, kind)


def world_of(lifecycle: Lifecycle, plan: Plan) -> World:
    """Make the world of a file that passed its other checks."""
    return World(plan, vocabulary.profile_fields(lifecycle), vocabulary.event_fields(lifecycle), Budget())


class _Count(NamedTuple):
    """So many events of these kinds, in the last `window` ms and since."""

    n: int
    atoms: frozenset[Atom]
    distinct: str | None
    window: float
    since: int


def _too_few(one: Literal, other: Literal, plan: Plan) -> bool:
    """More events are asked for than are allowed in a time that holds them all."""
    least, most = _least(one, plan), _most(other, plan)
    if least is None or most is None:
        return False
    return (
        least.n > most.n
        and least.atoms <= most.atoms
        and most.distinct in {None, least.distinct}
        and least.window <= most.window
        and least.since >= most.since
    )


def _least(literal: Literal, plan: Plan) -> _Count | None:
    leaf, holds = literal
    if isinstance(leaf, Did) and holds == (leaf.op == "at_least"):
        return _count(leaf, leaf.n if holds else leaf.n + 1, plan)
    if isinstance(leaf, Active) and holds:
        calendar = plan.calendars[leaf.calendar]
        atoms = frozenset(plan.behaviours[calendar.behaviour].atoms)
        # A period that has begun reaches back at most its length; a day may have 25 hours.
        return _Count(1, atoms, None, leaf.of * UNIT_MS[calendar.unit] + DAY_MS, 0)
    return None


def _most(literal: Literal, plan: Plan) -> _Count | None:
    leaf, holds = literal
    if isinstance(leaf, Did) and holds == (leaf.op == "at_most"):
        return _count(leaf, leaf.n if holds else leaf.n - 1, plan)
    if isinstance(leaf, DidNot) and holds:
        atoms = frozenset(plan.behaviours[plan.counters[leaf.counter].behaviour].atoms)
        return _Count(0, atoms, None, leaf.for_ms, 0)
    return None


def _count(leaf: Did, n: int, plan: Plan) -> _Count:
    counter = plan.counters[leaf.counter]
    atoms = frozenset(plan.behaviours[counter.behaviour].atoms)
    window = inf if leaf.within_ms is None else leaf.within_ms
    return _Count(n, atoms, counter.distinct, window, SINCE.index(leaf.since))


def _score_apart(one: Literal, other: Literal, _: Plan) -> bool:
    if not isinstance(one.leaf, ScoreTest) or not isinstance(other.leaf, ScoreTest):
        return False
    return one.leaf.score == other.leaf.score and _interval(one)[0] > _interval(other)[1]


def _interval(literal: Literal) -> tuple[float, float]:
    """Return the lowest and highest value (thousandths) that make a test of a score come out so."""
    leaf, holds = literal
    if not isinstance(leaf, ScoreTest):
        raise TypeError(type(leaf).__name__)
    value = leaf.value
    least = {("gte", True): value, ("gt", True): value + 1, ("lt", False): value, ("lte", False): value + 1}
    most = {("lte", True): value, ("lt", True): value - 1, ("gt", False): value, ("gte", False): value - 1}
    if (leaf.op, holds) in {("eq", True), ("ne", False)}:
        return value, value
    return least.get((leaf.op, holds), -inf), most.get((leaf.op, holds), inf)


def _deals_apart(one: Literal, other: Literal, _: Plan) -> bool:
    if not isinstance(one.leaf, Deal) or not isinstance(other.leaf, Deal) or not one.holds:
        return False
    if one.leaf.is_ == "all_lost":
        return other.holds and other.leaf.is_ != "all_lost"
    if one.leaf.is_ == "matching" and not other.holds:
        return other.leaf.is_ == "open" or (other.leaf.is_ == "matching" and _implies(one.leaf, other.leaf))
    return False


def _implies(stricter: Deal, laxer: Deal) -> bool:
    """Whether a deal that passes the one's tests passes the other's."""
    return all(
        not some_value_passes(
            [*((test, True) for test in stricter.tests if test.field == asked.field), (asked, False)],
            DEAL_FIELDS[asked.field],
        )
        for asked in laxer.tests
    )


def _answers_apart(one: Literal, other: Literal, _: Plan) -> bool:
    both = isinstance(one.leaf, HandoffIs) and isinstance(other.leaf, HandoffIs)
    return both and one.holds and other.holds and replace(one.leaf, path="") != replace(other.leaf, path="")


def _less_than_less(one: Literal, other: Literal, plan: Plan) -> bool:
    """Whether a longer or stricter one holds while a shorter or laxer one of the same kind does not."""
    if not one.holds or other.holds:
        return False
    match one.leaf, other.leaf:
        case InStageFor() as longer, InStageFor() as shorter:
            return shorter.ms <= longer.ms
        case DidNot() as longer, DidNot() as shorter:
            behaviour = plan.counters[shorter.counter].behaviour
            return plan.counters[longer.counter].behaviour == behaviour and shorter.for_ms <= longer.for_ms
        case Active() as stricter, Active() as laxer:
            same = stricter.calendar == laxer.calendar
            return same and laxer.periods <= stricter.periods and laxer.of >= stricter.of
    return False
