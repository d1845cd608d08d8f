"""Conditions of the plan compiled to checks: the meaning of every kind of condition, in one place each.

All windows are half-open: `(t - window, t]`.
"""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

from processors.lifecycle import crossings
from processors.lifecycle.checks import Check, all_of, any_of, negate
from processors.lifecycle.contact import NEVER_BEFORE, NO_STAGE
from processors.lifecycle.matching import compile_test
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
from processors.lifecycle.sums import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.lifecycle.calendars import Calendar
    from processors.lifecycle.contact import Contact, DealIs
    from processors.lifecycle.inputs import Inputs
    from processors.lifecycle.plan import Plan
    from processors.lifecycle.scores import Card
    from processors.lifecycle.segments import Bands

    Nth = Callable[[Contact], int]

ALWAYS = Check(holds=lambda _contact, _now: True, deps=0)
WON, LOST = "closed_won", "closed_lost"


class Conditions:
    """Compiles the conditions of one plan, for one track: `since`, `in_stage_for`, `handoff` refer to it."""

    def __init__(self, plan: Plan, track: int, inputs: Inputs, calendar: Calendar) -> None:
        self._plan, self._track, self._inputs, self._calendar = plan, track, inputs, calendar
        self.cards: dict[int, Card] = {}  # filled in once the fit rules, which are conditions, are compiled
        self.segments: list[Bands] = []

    @singledispatchmethod
    def check(self, condition: Condition) -> Check:
        """Compile a condition, and those inside it."""
        raise TypeError(f"no meaning is given to {type(condition).__name__}")

    @check.register(All)
    def _(self, condition: All) -> Check:
        return all_of(tuple(self.check(one) for one in condition.of))

    @check.register(AnyOf)
    def _(self, condition: AnyOf) -> Check:
        return any_of(tuple(self.check(one) for one in condition.of))

    @check.register(Not)
    def _(self, condition: Not) -> Check:
        return negate(self.check(condition.of))

    @check.register(Did)
    def _(self, condition: Did) -> Check:
        if condition.op == "at_most":
            return negate(self._at_least(condition, condition.n + 1))
        return self._at_least(condition, condition.n)

    def _at_least(self, condition: Did, n: int) -> Check:
        """Check that the n-th newest event lies in the window, and after `since`."""
        if n <= 0:
            return ALWAYS
        nth, window, since = self._nth(condition.counter, n), condition.within_ms, self._since(condition)
        deps = self._inputs.counter(condition.counter) | (self._inputs.stage if since else 0)

        def holds(contact: Contact, now: int) -> bool:
            at = nth(contact)
            if at == NEVER_BEFORE or (window is not None and at <= now - window):
                return False
            return since is None or at > since(contact)

        if window is None:
            return Check(holds=holds, deps=deps)
        span: int = window
        return Check(holds=holds, deps=deps, falls=lambda contact, _now: nth(contact) + span)

    def _nth(self, counter: int, n: int) -> Nth:
        """Time of the n-th newest event, or of the n-th newest value."""
        if self._plan.counters[counter].distinct is None:

            def of_events(contact: Contact) -> int:
                series = contact.newest.get(counter)
                return series[-n].at if series is not None and len(series) >= n else NEVER_BEFORE

            return of_events

        def of_values(contact: Contact) -> int:
            values = contact.distinct.get(counter)
            if values is None or len(values) < n:
                return NEVER_BEFORE
            return sorted([seen.entry.at for seen in values.values()])[-n]

        return of_values

    def _since(self, condition: Did) -> Callable[[Contact], int] | None:
        track = self._track
        if condition.since == "stage_entry":
            return lambda contact: contact.places[track].since
        if condition.since == "recycled":
            return lambda contact: contact.places[track].cycle_since
        return None

    @check.register(DidNot)
    def _(self, condition: DidNot) -> Check:
        newest, span = self._nth(condition.counter, 1), condition.for_ms

        def quiet_since(contact: Contact) -> int:
            """Newest event; never before the contact was first seen, or its counts were reset."""
            floor = contact.counts_floor.at if contact.counts_floor else NEVER_BEFORE
            return max(newest(contact), contact.first_seen, floor)

        return Check(
            holds=lambda contact, now: quiet_since(contact) <= now - span,
            deps=self._inputs.counter(condition.counter),
            rises=lambda contact, _now: quiet_since(contact) + span,
        )

    @check.register(Active)
    def _(self, condition: Active) -> Check:
        calendar = self._calendar
        unit = self._plan.calendars[condition.calendar].unit
        period_of, index, of, enough = (
            calendar.period(unit),
            condition.calendar,
            condition.of,
            condition.periods,
        )

        def holds(contact: Contact, now: int) -> bool:
            seen = contact.periods.get(index)
            if seen is None or len(seen) < enough:
                return False
            oldest = period_of(now) - of
            return sum(period > oldest for period in seen) >= enough

        def falls(contact: Contact, _now: int) -> int:
            """When the last period that is needed drops out of the `of` newest.

            Asked also while it does not hold: in the rehearsal of a file that goes round without end.
            """
            seen = contact.periods.get(index, ())
            if len(seen) < enough:
                return NEVER
            needed = sorted(seen)[-enough]
            return calendar.start_of(unit, needed + of)

        return Check(holds=holds, deps=self._inputs.calendar(index), falls=falls)

    @check.register(ProfileTest)
    def _(self, condition: ProfileTest) -> Check:
        field, passes = condition.test.field, compile_test(condition.test)

        def holds(contact: Contact, _now: int) -> bool:
            known = contact.profile.get(field)
            return passes(None if known is None else known[1])

        return Check(holds=holds, deps=self._inputs.profile)

    @check.register(LastTest)
    def _(self, condition: LastTest) -> Check:
        event, field, passes = condition.event, condition.test.field, compile_test(condition.test)

        def holds(contact: Contact, _now: int) -> bool:
            latest = contact.last.get(event)
            return passes(None if latest is None else latest.values.get(field))

        return Check(holds=holds, deps=self._inputs.last)

    @check.register(ScoreTest)
    def _(self, condition: ScoreTest) -> Check:
        value = condition.value
        if condition.op in {"gte", "lt"}:
            check = self.score_at_least(condition.score, value)
            return check if condition.op == "gte" else negate(check)
        if condition.op in {"gt", "lte"}:
            check = self.score_at_least(condition.score, value + 1)
            return check if condition.op == "gt" else negate(check)
        above = self.score_at_least(condition.score, value + 1)
        equal = all_of((self.score_at_least(condition.score, value), negate(above)))
        return equal if condition.op == "eq" else negate(equal)

    def score_at_least(self, score: int, value: int) -> Check:
        """Compare a score (or TOTAL) with thousandths of a point."""
        card = self.cards.get(score)
        if card is None:
            which = "total" if score == TOTAL else self._plan.scores[score].id
            raise ValueError(f"a rule of a score cannot depend on a score: {which}")
        board, index = card.board, card.index
        return Check(
            holds=lambda contact, now: board.read(contact, now).scores[index] >= value,
            deps=card.deps,
            rises=(lambda contact, now: crossings.rises_to(card, value, contact, now))
            if card.can_rise
            else None,
            falls=(lambda contact, now: crossings.falls_below(card, value, contact, now))
            if card.can_fall
            else None,
        )

    @check.register(Deal)
    def _(self, condition: Deal) -> Check:
        tests = tuple((test.field, compile_test(test)) for test in condition.tests)

        def matches(deal: DealIs) -> bool:
            return is_open(deal) and all(passes(getattr(deal, field)) for field, passes in tests)

        def all_lost(contact: Contact) -> bool:
            return bool(contact.deals) and all(deal.stage == LOST for deal in contact.deals.values())

        by_kind: dict[str, Callable[[Contact], bool]] = {
            "open": lambda contact: any(is_open(deal) for deal in contact.deals.values()),
            "won": lambda contact: any(deal.stage == WON for deal in contact.deals.values()),
            "all_lost": all_lost,
            "matching": lambda contact: any(matches(deal) for deal in contact.deals.values()),
        }
        state = by_kind[condition.is_]
        return Check(holds=lambda contact, _now: state(contact), deps=self._inputs.deals)

    @check.register(Reached)
    def _(self, condition: Reached) -> Check:
        stage, track = condition.stage, self._plan.stages[condition.stage].track
        return Check(
            holds=lambda contact, _now: stage in contact.places[track].entries, deps=self._inputs.stage
        )

    @check.register(InBand)
    def _(self, condition: InBand) -> Check:
        if condition.segment >= len(self.segments):
            raise ValueError("a segment can depend only on segments that stand before it")
        bands, band = self.segments[condition.segment], condition.band
        ahead = bands.changes
        return Check(
            holds=lambda contact, now: bands.at(contact, now) == band,
            deps=bands.deps,
            rises=ahead,
            falls=ahead,
        )

    @check.register(InStageFor)
    def _(self, condition: InStageFor) -> Check:
        track, span = self._track, condition.ms

        def holds(contact: Contact, now: int) -> bool:
            place = contact.places[track]
            return place.stage != NO_STAGE and place.since <= now - span

        def rises(contact: Contact, _now: int) -> int:
            place = contact.places[track]
            return NEVER if place.stage == NO_STAGE else place.since + span

        return Check(holds=holds, deps=self._inputs.stage, rises=rises)

    @check.register(HandoffIs)
    def _(self, condition: HandoffIs) -> Check:
        track, status = self._track, condition.status

        def holds(contact: Contact, _now: int) -> bool:
            handoff = contact.places[track].handoff
            return handoff is not None and handoff.status == status

        return Check(holds=holds, deps=self._inputs.handoff)


def is_open(deal: DealIs) -> bool:
    """Neither won nor lost."""
    return deal.stage not in {WON, LOST}
