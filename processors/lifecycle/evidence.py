"""What made a condition true (or keeps it false): observed values against thresholds, and the events counted.

Of an `all` every part is told, of an `any` only what holds when it holds. The same walk serves the `why` of a
change and, for conditions that do not hold, "why not yet". Conditions are compiled to tellers as they are to
checks, so that what the plan alone says is put into words once.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

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
    from collections.abc import Callable

    from processors.lifecycle.contact import Contact, Place
    from processors.lifecycle.newest import Entry
    from processors.lifecycle.program import Program
    from processors.lifecycle.segments import Bands
    from processors.lifecycle.turn import Evidence

    Teller = Callable[[Contact, int], tuple[Evidence, ...]]
    Observe = Callable[[Contact, int], tuple[str, list[str]]]  # observed, event ids
    Words = tuple[str, str, Observe]  # the condition in words, asked for

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
        return self.program.teller(condition, self.track)(self.contact, self.now)

    def tell_band(self, bands: Bands, band: str | None) -> tuple[Evidence, ...]:
        """Why a segment is in a band."""
        reason = bands.reasons.get(band)
        return () if reason is None else self.tell(reason)


def teller_of(program: Program, track: int, condition: Condition) -> Teller:
    """Compile what is told of a condition: evidence for every leaf that matters."""
    if isinstance(condition, All):
        return _together([teller_of(program, track, part) for part in condition.of])
    if isinstance(condition, AnyOf):
        return _of_any(program, track, condition)
    if isinstance(condition, Not):
        inner = teller_of(program, track, condition.of)
        return lambda contact, now: tuple([_negated(one) for one in inner(contact, now)])
    return _leaf(program, track, condition)


def _together(tellers: list[Teller]) -> Teller:
    return lambda contact, now: tuple([one for tell in tellers for one in tell(contact, now)])


def _of_any(program: Program, track: int, condition: AnyOf) -> Teller:
    parts = [(program.check(part, track).holds, teller_of(program, track, part)) for part in condition.of]
    every = [tell for _holds, tell in parts]

    def tell_any(contact: Contact, now: int) -> tuple[Evidence, ...]:
        holding = [tell for holds, tell in parts if holds(contact, now)]
        return tuple([one for tell in holding or every for one in tell(contact, now)])

    return tell_any


def _leaf(program: Program, track: int, condition: Condition) -> Teller:
    path, holds = condition.path, program.check(condition, track).holds
    fact, threshold, observe = _words(condition, program, track)

    def tell_leaf(contact: Contact, now: int) -> tuple[Evidence, ...]:
        observed, events = observe(contact, now)
        told: Evidence = {
            "path": path,
            "fact": fact,
            "value": observed,
            "threshold": threshold,
            "met": holds(contact, now),
            "events": events,
        }
        return (told,)

    return tell_leaf


def _negated(one: Evidence) -> Evidence:
    return {**one, "fact": f"not: {one['fact']}", "met": not one["met"]}


def _behaviour(program: Program, counter: int) -> str:
    """Name of what a counter counts."""
    return program.plan.behaviours[program.plan.counters[counter].behaviour].id


def _kept(program: Program, counter: int) -> Callable[[Contact], list[Entry]]:
    """Events that a counter holds, oldest first."""
    if program.plan.counters[counter].distinct is None:
        return lambda contact: contact.newest.get(counter, [])
    return lambda contact: sorted([seen.entry for seen in contact.distinct.get(counter, {}).values()])


@singledispatch
def _words(condition: Condition, _program: Program, _track: int) -> Words:
    raise TypeError(f"no words are given to {type(condition).__name__}")


@_words.register(Did)
def _(condition: Did, program: Program, track: int) -> Words:
    counter, within = program.plan.counters[condition.counter], condition.within_ms
    kept, starts = _kept(program, condition.counter), _STARTS[condition.since]
    unit = "time" if counter.distinct is None else f"different {counter.distinct}"
    op = condition.op.replace("_", " ")
    fact = f"{_behaviour(program, condition.counter)} {op} {condition.n} {unit}"
    fact += "s" if condition.n != 1 and counter.distinct is None else ""
    if within is not None:
        fact += f" within {words.duration(within)}"
    if condition.since != "ever":
        fact += f" since {condition.since.replace('_', ' ')}"

    def observe(contact: Contact, now: int) -> tuple[str, list[str]]:
        after = max(NEVER_BEFORE if within is None else now - within, starts(contact.places[track]))
        events = [entry.event_id for entry in kept(contact) if entry.at > after]
        return f"{len(events)}{' or more' if len(events) == counter.keep else ''}", events

    return fact, str(condition.n), observe


_STARTS: dict[str, Callable[[Place], int]] = {
    "ever": lambda _place: NEVER_BEFORE,
    "stage_entry": lambda place: place.since,
    "recycled": lambda place: place.cycle_since,
}


@_words.register(DidNot)
def _(condition: DidNot, program: Program, _track: int) -> Words:
    kept, span = _kept(program, condition.counter), words.duration(condition.for_ms)

    def observe(contact: Contact, _now: int) -> tuple[str, list[str]]:
        entries = kept(contact)
        return (f"last {words.moment(entries[-1].at)}", [entries[-1].event_id]) if entries else ("never", [])

    return f"no {_behaviour(program, condition.counter)} for {span}", span, observe


@_words.register(Active)
def _(condition: Active, program: Program, _track: int) -> Words:
    shape = program.plan.calendars[condition.calendar]
    period_of = program.calendar.period(shape.unit)
    what = program.plan.behaviours[shape.behaviour].id
    span = words.plural(condition.of, f"calendar {shape.unit}")

    def observe(contact: Contact, now: int) -> tuple[str, list[str]]:
        oldest = period_of(now) - condition.of
        return str(sum(period > oldest for period in contact.periods.get(condition.calendar, {}))), []

    fact = f"{what} in at least {condition.periods} of the last {span}"
    return fact, str(condition.periods), observe


@_words.register(ProfileTest)
def _(condition: ProfileTest, _program: Program, _track: int) -> Words:
    def observe(contact: Contact, _now: int) -> tuple[str, list[str]]:
        known = contact.profile.get(condition.test.field)
        return words.value(None if known is None else known[1]), []

    return words.test(condition.test), words.value(condition.test.value), observe


@_words.register(LastTest)
def _(condition: LastTest, _program: Program, _track: int) -> Words:
    def observe(contact: Contact, _now: int) -> tuple[str, list[str]]:
        latest = contact.last.get(condition.event)
        if latest is None:
            return words.value(None), []
        return words.value(latest.values.get(condition.test.field)), [latest.event_id]

    fact = f"of the last {condition.event}, {words.test(condition.test)}"
    return fact, words.value(condition.test.value), observe


@_words.register(ScoreTest)
def _(condition: ScoreTest, program: Program, _track: int) -> Words:
    name = "total" if condition.score == TOTAL else program.plan.scores[condition.score].id
    card, threshold = program.cards[condition.score], words.points(condition.value)

    def observe(contact: Contact, now: int) -> tuple[str, list[str]]:
        return words.points(card.read(contact, now)), []

    return f"score {name} {_SIGNS[condition.op]} {threshold}", threshold, observe


@_words.register(Deal)
def _(condition: Deal, _program: Program, _track: int) -> Words:
    tests = " and ".join(words.test(test) for test in condition.tests)
    facts = {
        "open": "a deal is open",
        "won": "a deal is won",
        "all_lost": "every deal is lost",
        "matching": f"a deal is open whose {tests}",
    }

    def observe(contact: Contact, _now: int) -> tuple[str, list[str]]:
        deals = "; ".join(words.deal(name, one) for name, one in sorted(contact.deals.items()))
        return deals or "no deal", []

    return facts[condition.is_], tests or condition.is_.replace("_", " "), observe


@_words.register(Reached)
def _(condition: Reached, program: Program, _track: int) -> Words:
    stage = program.plan.stages[condition.stage]

    def observe(contact: Contact, _now: int) -> tuple[str, list[str]]:
        entered = contact.places[stage.track].entries.get(condition.stage)
        return "never" if entered is None else f"first {words.moment(entered[0])}", []

    return f"has been {stage.id}", stage.id, observe


@_words.register(InBand)
def _(condition: InBand, program: Program, _track: int) -> Words:
    bands = program.segments[condition.segment]

    def observe(contact: Contact, now: int) -> tuple[str, list[str]]:
        return bands.at(contact, now) or "no band", []

    return f"{bands.segment.id} is {condition.band}", condition.band, observe


@_words.register(InStageFor)
def _(condition: InStageFor, _program: Program, track: int) -> Words:
    span = words.duration(condition.ms)

    def observe(contact: Contact, _now: int) -> tuple[str, list[str]]:
        place = contact.places[track]
        return "no stage" if place.stage == NO_STAGE else f"since {words.moment(place.since)}", []

    return f"in this stage for {span}", span, observe


@_words.register(HandoffIs)
def _(condition: HandoffIs, _program: Program, track: int) -> Words:
    def observe(contact: Contact, _now: int) -> tuple[str, list[str]]:
        handoff = contact.places[track].handoff
        return handoff.status if handoff else "no hand-off", []

    return f"hand-off {condition.status}", condition.status, observe
