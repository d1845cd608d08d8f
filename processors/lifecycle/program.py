"""A plan made ready to run: filters by event, accumulators by behaviour, conditions compiled to checks.

Made once per plan and never changed by what runs on it, but for lookups that it remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors.lifecycle import counts
from processors.lifecycle.calendars import calendar_of
from processors.lifecycle.conditions import ALWAYS, Conditions
from processors.lifecycle.contact import NO_STAGE
from processors.lifecycle.evidence import teller_of
from processors.lifecycle.inputs import Inputs
from processors.lifecycle.matching import Matcher
from processors.lifecycle.membership import Memberships
from processors.lifecycle.plan import TOTAL, AnyOf, BehaviourRule
from processors.lifecycle.rules import filter_of
from processors.lifecycle.scores import Board, Card
from processors.lifecycle.seen import Ring
from processors.lifecycle.segments import ConditionBands, ScoreBands
from processors.lifecycle.sums import Stepped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.lifecycle.checks import Check
    from processors.lifecycle.counts import Accumulator
    from processors.lifecycle.evidence import Teller
    from processors.lifecycle.plan import Condition, Leave, Plan, Segment
    from processors.lifecycle.rules import PerPeriod, PerValue, Plain
    from processors.lifecycle.segments import Bands


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """A leave rule, compiled."""

    rule: Leave
    check: Check | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One branch of the outermost `any` of a stage's `enter` (or all of it): what can be spent.

    `unit` numbers the branches of the whole plan, `key` names one across plans.
    """

    unit: int
    key: str
    stage: int
    rank: int
    condition: Condition
    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Where a contact can go from a stage once certain inputs have changed: leave rules, and up."""

    out: tuple[Exit, ...]
    up: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What an event with certain behaviours adds to, and the input bits that makes dirty."""

    counts: tuple[Accumulator, ...]
    rules: tuple[tuple[int, Accumulator], ...]  # score, filter
    dirty: int


class Program:
    """See the module."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lifecycle = f"{plan.id}@{plan.version}"
        self.shape = bytes.fromhex(plan.shape_hash)[:8]
        self.calendar = calendar_of(plan.timezone)
        self.inputs = Inputs(plan)
        self.matcher = Matcher(plan.behaviours)
        self.ring = Ring(plan.limits.dedupe_keep, len(plan.behaviours))
        self.counters = tuple(self._counters())
        self.filters = tuple(self._filters())
        self.kept_fields = self._kept_fields()
        self._touched: dict[int, Touched] = {}
        self._ways: dict[tuple[int, int, int], Ways] = {}
        self._checks: dict[tuple[Condition, int], Check] = {}
        self._tellers: dict[tuple[int, int], tuple[Condition, Teller]] = {}
        conditions = [
            Conditions(plan, track, self.inputs, self.calendar) for track in range(len(plan.tracks))
        ]
        self._conditions = conditions
        self.board = self._board(conditions[0])
        self.cards = self._cards()
        self.segments: list[Bands] = []
        for one in conditions:
            one.cards, one.segments = self.cards, self.segments
        for segment in plan.segments:
            self.segments.append(_bands(segment, conditions[0]))
        self.exits = tuple(_exits(stage.leave, conditions[stage.track]) for stage in plan.stages)
        self.alternatives = tuple(self._alternatives(conditions))
        self.climbs = tuple(self._climb(track) for track in range(len(plan.tracks)))
        self.timed_segments = tuple(one.changes for one in self.segments if one.changes is not None)
        self.timed_climbs = tuple(
            tuple(one for one in climb if one.check.rises is not None) for climb in self.climbs
        )
        self.memberships = (
            None if plan.company is None else Memberships(plan, self.climbs[0], self.inputs.deals)
        )
        self.units = {one.key: one.unit for one in self.alternatives}
        self.stage_index = {stage.id: index for index, stage in enumerate(plan.stages)}

    def touched(self, mask: int) -> Touched:
        """Tell what the behaviours of a mask add to. There are few masks: remembered."""
        found = self._touched.get(mask)
        if found is None:
            found = self._touched[mask] = self._touch(mask)
        return found

    def ways(self, track: int, stage: int, dirty: int) -> Ways:
        """Tell which ways from a stage of a track (or from no stage) are asked again. Remembered."""
        found = self._ways.get((track, stage, dirty))
        if found is None:
            found = self._ways[track, stage, dirty] = self._ways_from(track, stage, dirty)
        return found

    def check(self, condition: Condition, track: int) -> Check:
        """Compile a condition for a track, once: explaining a change asks for the same ones again."""
        known = self._checks.get((condition, track))
        if known is None:
            known = self._checks[condition, track] = self._conditions[track].check(condition)
        return known

    def teller(self, condition: Condition, track: int) -> Teller:
        """Compile what is told of a condition, once. Found by identity: hashing one costs more."""
        known = self._tellers.get((id(condition), track))
        if known is None:
            known = condition, teller_of(self, track, condition)
            self._tellers[id(condition), track] = known  # with the condition, so that its id stays its own
        return known[1]

    def accumulators(self) -> Iterator[Accumulator]:
        """Every one there is."""
        yield from (accumulator for _behaviour, _bit, accumulator in self.counters)
        yield from (filter_ for _behaviour, _score, filter_ in self.filters)

    def _touch(self, mask: int) -> Touched:
        counters = [(bit, one) for behaviour, bit, one in self.counters if mask >> behaviour & 1]
        filters = [(score, one) for behaviour, score, one in self.filters if mask >> behaviour & 1]
        dirty = 0
        for bit, _one in counters:
            dirty |= bit
        for score, _one in filters:
            dirty |= self.inputs.score(score)
        return Touched(counts=tuple(one for _bit, one in counters), rules=tuple(filters), dirty=dirty)

    def _ways_from(self, track: int, stage: int, dirty: int) -> Ways:
        exits = () if stage == NO_STAGE else self.exits[stage]
        rank = -1 if stage == NO_STAGE else self.plan.stages[stage].rank
        return Ways(
            out=tuple(one for one in exits if one.check is None or one.check.deps & dirty),
            up=tuple(one for one in self.climbs[track] if one.rank > rank and one.check.deps & dirty),
        )

    def _counters(self) -> Iterator[tuple[int, int, Accumulator]]:
        """Behaviour, input bit, accumulator of each counter and calendar."""
        for index, counter in enumerate(self.plan.counters):
            one: Accumulator = (
                counts.Newest(index, counter.keep)
                if counter.distinct is None
                else counts.Distinct(index, counter.keep, counter.distinct)
            )
            yield counter.behaviour, self.inputs.counter(index), one
        for index, shape in enumerate(self.plan.calendars):
            period = self.calendar.period(shape.unit)
            yield (
                shape.behaviour,
                self.inputs.calendar(index),
                counts.Periods(index, shape.keep, period),
            )

    def _filters(self) -> Iterator[tuple[int, int, Plain | PerValue | PerPeriod]]:
        """Behaviour, score, filter of each rule for behaviour."""
        for index, rule in enumerate(self.plan.rules):
            if isinstance(rule, BehaviourRule):
                each = rule.cap_each
                period = self.calendar.period(each) if each in {"day", "week"} else lambda _at: 0
                yield rule.behaviour, rule.score, filter_of(index, rule, period)

    def _board(self, conditions: Conditions) -> Board:
        stepped = {
            one.sum.index: one.sum for _behaviour, _score, one in self.filters if isinstance(one.sum, Stepped)
        }
        checks = {
            index: conditions.check(rule.when)
            for index, rule in enumerate(self.plan.rules)
            if not isinstance(rule, BehaviourRule)
        }
        return Board(self.plan, stepped, checks)

    def _cards(self) -> dict[int, Card]:
        """Every score by index, and `TOTAL`."""
        bits = [self.inputs.score(index) for index in range(len(self.plan.scores))]
        cards = {index: Card(self.board, index, bit) for index, bit in enumerate(bits)}
        cards[TOTAL] = Card(self.board, TOTAL, sum(bits))
        return cards

    def _alternatives(self, conditions: list[Conditions]) -> Iterator[Alternative]:
        unit = 0
        for index, stage in enumerate(self.plan.stages):
            for condition in _branches(stage.enter):
                yield Alternative(
                    unit=unit,
                    key=f"{stage.id} {condition.path}",
                    stage=index,
                    rank=stage.rank,
                    condition=condition,
                    check=conditions[stage.track].check(condition),
                )
                unit += 1

    def _climb(self, track: int) -> tuple[Alternative, ...]:
        """List the alternatives of a track's ladder, highest rank first."""
        of_track = [
            one
            for one in self.alternatives
            if self.plan.stages[one.stage].track == track and not self.plan.stages[one.stage].detour
        ]
        return tuple(sorted(of_track, key=lambda one: (-one.rank, one.unit)))

    def _kept_fields(self) -> dict[str, tuple[str, ...]]:
        kept: dict[str, tuple[str, ...]] = {}
        for event, field in self.plan.last_fields:
            kept[event] = (*kept.get(event, ()), field)
        return kept


def _branches(condition: Condition | None) -> Iterator[Condition]:
    if isinstance(condition, AnyOf):
        for one in condition.of:
            yield from _branches(one)
    elif condition is not None:
        yield condition


def _exits(leave: tuple[Leave, ...], conditions: Conditions) -> tuple[Exit, ...]:
    return tuple(
        Exit(rule=rule, check=None if rule.when is None else conditions.check(rule.when)) for rule in leave
    )


def _bands(segment: Segment, conditions: Conditions) -> Bands:
    if segment.of is not None:
        return ScoreBands(segment, conditions.cards[segment.of])
    checks = (ALWAYS if band.when is None else conditions.check(band.when) for band in segment.bands)
    return ConditionBands(segment, tuple(checks))


_programs: dict[
    int, Program
] = {}  # by identity: a plan is large, and hashing it would cost more than an event
MOST_PROGRAMS = 16  # two in a diff, one live; tests make more


def program_of(plan: Plan) -> Program:
    """Find the program of a plan; it is made at its first use."""
    program = _programs.get(id(plan))
    if program is None or program.plan is not plan:
        if len(_programs) >= MOST_PROGRAMS:
            _programs.clear()
        program = _programs[id(plan)] = Program(plan)
    return program
