"""A contact's state is bounded by the lifecycle file, not by how long or how much the contact is active."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from processors import lifecycle
from processors.backend import compile_plan
from processors.lifecycle.definition.load import load
from processors.lifecycle.definition.moves.deeds import Guess
from processors.lifecycle.definition.moves.exclusions import World, world_of
from processors.lifecycle.definition.state_size import DEALS, ID_BYTES, TEXT_BYTES, most_bytes
from processors.lifecycle_files import presets, read_lifecycle
from schemas import values
from schemas.codec import encode
from schemas.events import EVENT_TYPES, fields_of
from tests.builders import both
from tests.builders.lifecycles import source_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]

YEARS = 10 * 365 * DAY
NOT_ITS_OWN = frozenset((
    "contact_identified", "contacts_merged", "merge_undone", "contact_erased", "spend_recorded",
))  # fmt: skip
"""What ends a contact, or is of none."""
LOOK, CHUNK = 50, 2_000
OFTEN = 5  # times as often as others come the events that are counted
SHORT = 8, 8  # of ids and texts: so that what accumulates is most of the state
SMALL = """
limits: {dedupe_keep: 16, history: 30d}
scores:
  heat:
    rules:
      - {id: plain, per: view, points: 1}
      - {id: fading, per: view, points: 1, decay: {half_life: 1d}}
      - {id: gone, per: view, points: 1, decay: {expires: 10d}, cap: {points: 5}}
      - {id: daily, per: view, points: 1, cap: {times: 1, each: day}}
      - {id: twice-a-week, per: view, points: 1, cap: {times: 2, each: week}, decay: {half_life: 1d}}
      - {id: guide, per: download, points: 1, distinct: asset, cap: {points: 5}}
"""
compiled = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)


class Hostile:
    """Events of one contact: every kind, no value twice, bursts, some late, spread over ten years."""

    def __init__(self, own: World, id_bytes: int = ID_BYTES, text_bytes: int = TEXT_BYTES) -> None:
        self._plan, self._id, self._text = own.plan, id_bytes, text_bytes
        self._chance = Random(1)  # noqa: S311 - reproducible
        self._kinds = [(event(type_, 0), fields) for type_, fields in _taken(own)] * OFTEN
        self._kinds += [(event(type_, 0), {}) for type_ in EVENT_TYPES if type_ not in NOT_ITS_OWN]

    def events(self, count: int) -> Iterator[Event]:
        chance, now = self._chance, MONDAY
        for position in range(count):
            now += chance.choice((0, 1, HOUR, 3 * YEARS // count))
            base, fixed = chance.choice(self._kinds)
            yield {
                **base,
                **self._values(base, position),
                **fixed,
                "position": position,
                "event_id": f"{position:x>{self._id}}",
                "contact_id": "c" * self._id,
                "occurred_at": now - chance.choice((0, 0, 0, HOUR, chance.randrange(400 * DAY))),
            }

    def _values(self, base: Event, position: int) -> Event:
        """Give values for the fields of an event, as long as they may be."""
        type_, text = base["type"], f"{position:y>{self._text}}"
        told: Event = {}
        for name, field in fields_of(type_).items():
            if field.kind == "string" and name not in values.ID_FIELDS | {"email"}:
                told[name] = text
            elif field.symbols:
                told[name] = self._chance.choice(field.symbols)
        if type_ == "contact_updated":
            told["profile"] = dict.fromkeys(self._plan.profile_fields, text)
        elif type_ == "engagement_voided":
            told["voids"] = f"{max(0, position - self._chance.randrange(300)):x>{self._id}}"
        elif type_ == "stage_overridden":
            told |= {"track": "main", "stage": self._chance.choice(self._plan.stages).id, "until": None}
        elif type_ == "deal_changed":
            told |= {
                "deal": f"{position % DEALS:d>{self._id}}",
                "stage": self._chance.choice(("closed_lost", "open", text)),
                "amount": Decimal(position + 10**17).scaleb(-3),
                "currency": "EUR",
            }
        return told


def _taken(own: World) -> Iterator[tuple[str, Event]]:
    """One event for each filter of a file, as little as that asks for."""
    for atom in dict.fromkeys(atom for behaviour in own.plan.behaviours for atom in behaviour.atoms):
        (deed,) = Guess(own).doing(atom, 1, None, 0)
        fields = dict(deed.fields)
        if deed.type in EVENT_TYPES:
            yield deed.type, fields
        else:
            yield "custom_event", {"name": deed.type, "properties": fields}


def world(preset: str) -> World:
    return world_from(read_lifecycle(preset)[1], preset)


def world_from(source: bytes, name: str = "bounded") -> World:
    loaded = load(source, name)
    assert loaded.lifecycle is not None
    assert loaded.plan is not None
    return world_of(loaded.lifecycle, loaded.plan)


def largest_by_reference(plan: Plan, events: Iterable[Event]) -> int:
    """Look at the state after every so many events."""
    contact, largest = lifecycle.load(plan, b""), 0
    for number, one in enumerate(events):
        lifecycle.fold(plan, contact, one)
        if number % LOOK == 0:
            largest = max(largest, len(lifecycle.dump(plan, contact)))
    return largest


def largest_compiled(plan: Plan, events: Iterator[Event]) -> int:
    """Look at the state after each chunk; what the compiled back-end leaves to the reference is left out."""
    ready, state, largest = compile_plan(plan), b"", 0
    while steps := encoded(islice(events, CHUNK)):
        ((done, stopped, state, _due, _changes),) = ready.run([(state, steps)])
        assert (done, stopped) == (len(steps), None)
        largest = max(largest, len(state))
    return largest


def encoded(events: Iterable[Event]) -> list[tuple[int, bytes | None]]:
    return [(one["position"], encode(one)) for one in events if one["type"] not in both.RARE]


def small() -> World:
    """A file with everything that accumulates, and little of each kept."""
    return world_from(
        source_of(
            SMALL
            + stages(
                "id: lead, enter: {did: {what: view, at_least: 3, within: 14d}}",
                "id: mql, enter: {all: [{did: {what: download, distinct: asset, at_least: 3}},"
                " {active: {what: view, in_days: 3, of: 5}}, {active: {what: view, in_weeks: 2, of: 3}}]}",
            )
        )
    )


def test_a_contact_that_does_everything_for_years_stays_below_the_bound() -> None:
    own = small()
    bound = most_bytes(own.plan, *SHORT)
    assert bound / 3 < largest_by_reference(own.plan, Hostile(own, *SHORT).events(6_000)) < bound


@compiled
def test_so_it_does_in_the_compiled_back_end() -> None:
    own = small()
    bound = most_bytes(own.plan, *SHORT)
    assert bound / 3 < largest_compiled(own.plan, Hostile(own, *SHORT).events(6_000)) < bound


@compiled
@pytest.mark.parametrize("preset", presets())
def test_under_the_presets_it_does_too(preset: str) -> None:
    own = world(preset)
    bound = most_bytes(own.plan)
    largest = largest_compiled(own.plan, Hostile(own).events(8_000))
    assert bound / 4 < largest < bound


@compiled
def test_a_hundred_thousand_events_stay_below_the_bound() -> None:
    own = world("full")
    assert largest_compiled(own.plan, Hostile(own).events(100_000)) < most_bytes(own.plan)


@compiled
def test_with_ids_and_texts_as_long_as_they_may_be_the_bound_grows_by_their_length_alone() -> None:
    own = world("full")
    lengths = values.ID_BYTES, values.TEXT_BYTES
    bound = most_bytes(own.plan, *lengths)
    assert bound / 4 < largest_compiled(own.plan, Hostile(own, *lengths).events(4_000)) < bound
