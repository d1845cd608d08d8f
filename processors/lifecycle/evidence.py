"""What made a condition true (or keeps it false): observed values against thresholds, and the events counted.

Of an `all` every part is told, of an `any` only what holds when it holds. The same walk serves the `why` of a
change and, for conditions that do not hold, "why not yet".
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Literal

from processors.lifecycle import words
from processors.lifecycle.contact import NEVER_BEFORE, NO_STAGE
from processors.lifecycle.plan import (
    TOTAL,
    Active,
    All,
    AnyOf,
    Condition,
    Deal,
    Did,
    DidNot,
    HandoffIs,
    InBand,
    InStageFor,
    LastTest,
    Not,
    ProfileTest,
    Reached,
    ScoreTest,
)  # fmt: skip

if TYPE_CHECKING:
    from processors.lifecycle.contact import Contact
    from processors.lifecycle.newest import Entry
    from processors.lifecycle.program import Program
    from processors.lifecycle.segments import Bands
    from processors.lifecycle.turn import Evidence

    Fact = tuple[str, str, str, list[str]]  # the condition in words, observed, asked for, event ids

_SIGNS = {"eq": "=", "ne": "≠", "gte": "≥", "gt": ">", "lte": "≤", "lt": "<"}


class Witness:
    """Looks at one contact at one moment, for the conditions of one track."""

    __slots__ = ("contact", "now", "program", "track")

    def __init__(self, program: Program, track: int, contact: Contact, now: int) -> None:
        self.program, self.track, self.contact, self.now = program, track, contact, now

    def holds(self, condition: Condition) -> bool:
        """Whether it holds."""
        return self.program.check(condition, self.track).holds(self.contact, self.now)

    def tell(self, condition: Condition) -> tuple[Evidence, ...]:
        """Evidence for every leaf that matters."""
        if isinstance(condition, All):
            return tuple(one for part in condition.of for one in self.tell(part))
        if isinstance(condition, AnyOf):
            parts = [part for part in condition.of if self.holds(part)] or condition.of
            return tuple(one for part in parts for one in self.tell(part))
        if isinstance(condition, Not):
            return tuple(_negated(one) for one in self.tell(condition.of))
        return (self._leaf(condition),)

    def tell_band(self, bands: Bands, band: str | None) -> tuple[Evidence, ...]:
        """Why a segment is in a band."""
        shape = next((one for one in bands.segment.bands if one.id == band), None)
        if shape is not None and shape.when is not None:
            return self.tell(shape.when)
        if bands.segment.of is None:
            return ()
        lowest = min((one.gte for one in bands.segment.bands if one.gte is not None), default=0)
        gte = shape.gte if shape is not None and shape.gte is not None else lowest
        op: Literal["gte", "lt"] = "gte" if shape is not None and shape.gte is not None else "lt"
        path = f"segments.{bands.segment.id}" if shape is None else shape.path
        return self.tell(ScoreTest(score=bands.segment.of, op=op, value=gte, path=path))

    def _leaf(self, condition: Condition) -> Evidence:
        fact, observed, threshold, events = _fact(condition, self)
        return {
            "path": condition.path,
            "fact": fact,
            "value": observed,
            "threshold": threshold,
            "met": self.holds(condition),
            "events": events,
        }

    def behaviour(self, counter: int) -> str:
        """Name of what a counter counts."""
        return self.program.plan.behaviours[self.program.plan.counters[counter].behaviour].id

    def entries(self, counter: int, after: int = NEVER_BEFORE) -> list[Entry]:
        """Events that a counter holds, newer than `after`, oldest first."""
        if self.program.plan.counters[counter].distinct is None:
            kept = self.contact.newest.get(counter, [])
        else:
            kept = sorted(seen.entry for seen in self.contact.distinct.get(counter, {}).values())
        return [entry for entry in kept if entry.at > after]


def _negated(one: Evidence) -> Evidence:
    return {**one, "fact": f"not: {one['fact']}", "met": not one["met"]}


@singledispatch
def _fact(condition: Condition, _witness: Witness) -> Fact:
    raise TypeError(f"no words are given to {type(condition).__name__}")


@_fact.register(Did)
def _(condition: Did, witness: Witness) -> Fact:
    place = witness.contact.places[witness.track]
    after = NEVER_BEFORE if condition.within_ms is None else witness.now - condition.within_ms
    since = {"stage_entry": place.since, "recycled": place.cycle_since}.get(condition.since, NEVER_BEFORE)
    entries = witness.entries(condition.counter, max(after, since))
    counter = witness.program.plan.counters[condition.counter]
    unit = "time" if counter.distinct is None else f"different {counter.distinct}"
    fact = f"{witness.behaviour(condition.counter)} {condition.op.replace('_', ' ')} {condition.n} {unit}"
    fact += "s" if condition.n != 1 and counter.distinct is None else ""
    if condition.within_ms is not None:
        fact += f" within {words.duration(condition.within_ms)}"
    if condition.since != "ever":
        fact += f" since {condition.since.replace('_', ' ')}"
    more = " or more" if len(entries) == counter.keep else ""
    return fact, f"{len(entries)}{more}", str(condition.n), [entry.event_id for entry in entries]


@_fact.register(DidNot)
def _(condition: DidNot, witness: Witness) -> Fact:
    entries = witness.entries(condition.counter)[-1:]
    observed = f"last {words.moment(entries[0].at)}" if entries else "never"
    span = words.duration(condition.for_ms)
    fact = f"no {witness.behaviour(condition.counter)} for {span}"
    return fact, observed, span, [entry.event_id for entry in entries]


@_fact.register(Active)
def _(condition: Active, witness: Witness) -> Fact:
    plan = witness.program.plan
    shape = plan.calendars[condition.calendar]
    newest = witness.program.calendar.period(shape.unit)(witness.now)
    seen = witness.contact.periods.get(condition.calendar, {})
    active = sum(period > newest - condition.of for period in seen)
    what = plan.behaviours[shape.behaviour].id
    span = words.plural(condition.of, f"calendar {shape.unit}")
    fact = f"{what} in at least {condition.periods} of the last {span}"
    return fact, str(active), str(condition.periods), []


@_fact.register(ProfileTest)
def _(condition: ProfileTest, witness: Witness) -> Fact:
    known = witness.contact.profile.get(condition.test.field)
    observed = words.value(None if known is None else known[1])
    return words.test(condition.test), observed, words.value(condition.test.value), []


@_fact.register(LastTest)
def _(condition: LastTest, witness: Witness) -> Fact:
    latest = witness.contact.last.get(condition.event)
    observed = words.value(None if latest is None else latest.values.get(condition.test.field))
    fact = f"of the last {condition.event}, {words.test(condition.test)}"
    return fact, observed, words.value(condition.test.value), [] if latest is None else [latest.event_id]


@_fact.register(ScoreTest)
def _(condition: ScoreTest, witness: Witness) -> Fact:
    name = "total" if condition.score == TOTAL else witness.program.plan.scores[condition.score].id
    read = witness.program.cards[condition.score].read(witness.contact, witness.now)
    threshold = words.points(condition.value)
    return f"score {name} {_SIGNS[condition.op]} {threshold}", words.points(read), threshold, []


@_fact.register(Deal)
def _(condition: Deal, witness: Witness) -> Fact:
    deals = "; ".join(words.deal(name, one) for name, one in sorted(witness.contact.deals.items()))
    tests = " and ".join(words.test(test) for test in condition.tests)
    facts = {
        "open": "a deal is open",
        "won": "a deal is won",
        "all_lost": "every deal is lost",
        "matching": f"a deal is open whose {tests}",
    }
    return facts[condition.is_], deals or "no deal", tests or condition.is_.replace("_", " "), []


@_fact.register(Reached)
def _(condition: Reached, witness: Witness) -> Fact:
    stage = witness.program.plan.stages[condition.stage]
    entered = witness.contact.places[stage.track].entries.get(condition.stage)
    observed = "never" if entered is None else f"first {words.moment(entered[0])}"
    return f"has been {stage.id}", observed, stage.id, []


@_fact.register(InBand)
def _(condition: InBand, witness: Witness) -> Fact:
    bands = witness.program.segments[condition.segment]
    observed = bands.at(witness.contact, witness.now)
    return f"{bands.segment.id} is {condition.band}", observed or "no band", condition.band, []


@_fact.register(InStageFor)
def _(condition: InStageFor, witness: Witness) -> Fact:
    place = witness.contact.places[witness.track]
    observed = "no stage" if place.stage == NO_STAGE else f"since {words.moment(place.since)}"
    span = words.duration(condition.ms)
    return f"in this stage for {span}", observed, span, []


@_fact.register(HandoffIs)
def _(condition: HandoffIs, witness: Witness) -> Fact:
    handoff = witness.contact.places[witness.track].handoff
    return f"hand-off {condition.status}", handoff.status if handoff else "no hand-off", condition.status, []
