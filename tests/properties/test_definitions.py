"""The core against the definitions, worked out the long way from the list of all events.

Nothing of the core is used here but the filters of the behaviours and the reading that is checked: counting
is counting, decay is a power of two in 40 digits, calendar days come from `datetime`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from processors.lifecycle.evidence import Witness
from processors.lifecycle.matching import Matcher, subject
from processors.lifecycle.plan import Active, All, AnyOf, BehaviourRule, Did, DidNot, HalfLife, Not, Steps
from processors.lifecycle.program import program_of
from tests.builders.histories import ENGAGEMENT, events
from tests.builders.story import DAY
from tests.properties.test_histories import PLANS, plans, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]

TIES = Decimal(2) ** -10  # thousandths: what an exact half is helped up by


def matching(plan: Plan, history: list[Event], behaviour: int) -> list[Event]:
    matcher = Matcher(plan.behaviours)
    return [one for one in history if matcher.match(*subject(one)) >> behaviour & 1]


def period(plan: Plan, at: int, unit: str | None) -> object:
    if unit not in {"day", "week"}:
        return "ever"
    return named(datetime.fromtimestamp(at / 1000, ZoneInfo(plan.timezone)).date(), unit)


def named(day: date, unit: str | None) -> object:
    return day if unit == "day" else day.isocalendar()[:2]


def counted(plan: Plan, rule: BehaviourRule, history: list[Event]) -> list[int]:
    """Times of the events that a rule counts."""
    found = matching(plan, history, rule.behaviour)
    times = [one["occurred_at"] for one in found]
    if rule.distinct is not None:
        newest: dict[object, int] = {}
        for one in found:
            value = one.get(rule.distinct)
            if value is not None:
                newest[value] = max(newest.get(value, 0), one["occurred_at"])
        times = list(newest.values())
    if rule.cap_times is not None:
        by_period = defaultdict(list)
        for at in sorted(times, reverse=True):
            by_period[period(plan, at, rule.cap_each)].append(at)
        times = [at for kept in by_period.values() for at in kept[: rule.cap_times]]
    return times


def worth(plan: Plan, rule: BehaviourRule, history: list[Event], now: int) -> Decimal:
    """Thousandths of a point, not yet rounded or capped."""
    total = Decimal()
    for at in counted(plan, rule, history):
        share = Decimal(1)
        if isinstance(rule.decay, HalfLife):
            share = Decimal(2) ** (Decimal(at - now) / rule.decay.ms)
        elif isinstance(rule.decay, Steps):
            passed = [step.keep for step in rule.decay.steps if now - at >= step.after_ms]
            share = Decimal(passed[-1]) / 100 if passed else Decimal(1)
        total += rule.points * share
    return total


def rounded_and_capped(rule: BehaviourRule, exact: Decimal) -> set[int]:
    """What may be read: rounded half up, to within the accuracy of fixed point."""
    cap = 1 << 62 if rule.cap_points is None else rule.cap_points
    halves = (exact + Decimal("0.5") + off for off in (-TIES / 100, TIES, TIES + TIES / 100))
    whole = {int(half.to_integral_value(ROUND_FLOOR)) for half in halves}
    return {max(-cap, min(cap, one)) for one in whole}


@given(plans, events(only=ENGAGEMENT, most=40), st.integers(0, 200 * DAY))
def test_every_rule_is_worth_what_its_definition_says(plan: Plan, history: list[Event], later: int) -> None:
    contact = told(plan, history)
    now = contact.clock + later
    parts = program_of(plan).board.read(contact, now).parts
    with localcontext() as context:
        context.prec = 40
        for index, rule in enumerate(plan.rules):
            if isinstance(rule, BehaviourRule):
                exact = worth(plan, rule, history, now)
                assert parts.get(index, 0) in rounded_and_capped(rule, exact), rule.path


def leaves(node: object) -> Iterator[Did | DidNot | Active]:
    """Every count in a condition."""
    match node:
        case All(of=parts) | AnyOf(of=parts):
            for part in parts:
                yield from leaves(part)
        case Not(of=part):
            yield from leaves(part)
        case Did() | DidNot() | Active():
            yield node


def conditions(plan: Plan) -> list[Did | DidNot | Active]:
    roots: list[object] = [stage.enter for stage in plan.stages]
    roots += [way.when for stage in plan.stages for way in stage.leave]
    roots += [band.when for segment in plan.segments for band in segment.bands]
    return [leaf for root in roots for leaf in leaves(root)]


def holds(plan: Plan, condition: Did | DidNot | Active, history: list[Event], now: int) -> bool:
    """A condition by its definition; `since` is not looked at here."""
    if isinstance(condition, Active):
        return active(plan, condition, history, now)
    counter = plan.counters[condition.counter]
    found = matching(plan, history, counter.behaviour)
    span = condition.for_ms if isinstance(condition, DidNot) else condition.within_ms or now + 1
    recent = [one for one in found if now - span < one["occurred_at"] <= now]
    if isinstance(condition, DidNot):
        return not recent and min(one["occurred_at"] for one in history) <= now - span
    number = len(recent)
    if counter.distinct is not None:
        number = len({one[counter.distinct] for one in recent} - {None})
    return number >= condition.n if condition.op == "at_least" else number <= condition.n


def active(plan: Plan, condition: Active, history: list[Event], now: int) -> bool:
    """The last `of` days or weeks, the present one included, from a calendar."""
    shape = plan.calendars[condition.calendar]
    today = datetime.fromtimestamp(now / 1000, ZoneInfo(plan.timezone)).date()
    step = timedelta(days=1 if shape.unit == "day" else 7)
    last = {named(today - index * step, shape.unit) for index in range(condition.of)}
    found = matching(plan, history, shape.behaviour)
    return len({period(plan, one["occurred_at"], shape.unit) for one in found} & last) >= condition.periods


@given(plans, events(only=ENGAGEMENT, most=40), st.integers(0, 200 * DAY))
def test_every_count_is_what_its_definition_says(plan: Plan, history: list[Event], later: int) -> None:
    contact = told(plan, history)
    if not contact.places:
        return
    now = contact.clock + later
    witness = Witness(program_of(plan), 0, contact, now)
    for condition in conditions(plan):
        if getattr(condition, "since", "ever") == "ever":
            assert witness.holds(condition) == holds(plan, condition, history, now), condition


def test_the_definitions_are_tried_on_every_kind_of_leaf() -> None:
    kinds = {type(one) for plan in PLANS.values() for one in conditions(plan)}
    assert kinds == {Did, DidNot, Active}
