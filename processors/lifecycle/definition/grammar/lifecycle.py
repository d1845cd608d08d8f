"""The file as a whole: identity, time, limits, vocabulary, behaviours, and everything named below them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Discriminator, Field, Tag

from processors.lifecycle.definition.grammar.conditions import Condition
from processors.lifecycle.definition.grammar.scoring import Score, Segment
from processors.lifecycle.definition.grammar.stages import Stage, Track
from processors.lifecycle.definition.grammar.terms import (
    Day,
    Duration,
    FieldName,
    Minutes,
    Name,
    Part,
    Scalar,
    Text,
    Version,
    by_key,
    by_shape,
)
from processors.lifecycle.definition.grammar.value_tests import TestOrScalar
from processors.lifecycle.plan import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OneOf(Part):
    """A field that holds one of these values and no other."""

    one_of: Annotated[list[Text], Field(min_length=1)]


FieldKind = Annotated[
    Annotated[Literal["string", "integer", "number", "boolean", "timestamp"], Tag("<word>")]
    | Annotated[OneOf, Tag("<one_of>")],
    by_shape("<one_of>", "<word>"),
]


def _days_kind(value: object) -> str:
    return "<list>" if isinstance(value, list) else "<range>"


class BusinessHours(Part):
    """When hand-off deadlines with `clock: business` run, in the file's timezone."""

    days: Annotated[
        Annotated[Text, Tag("<range>")]
        | Annotated[Annotated[list[Weekday], Field(min_length=1)], Tag("<list>")],
        Discriminator(_days_kind),
    ] = "mon-fri"
    """A range such as mon-fri, or a list of days."""
    from_: Minutes = Field(alias="from", default=540)
    """Opening time; 09:00 if absent."""
    to: Minutes = 1020
    """Closing time; 17:00 if absent."""
    holidays: list[Day] = []
    """Days that are closed altogether."""


class Limits(Part):
    """Bounds of what is remembered of a contact."""

    dedupe_keep: Annotated[int, Field(ge=1, le=10_000)] = 128
    """How many of the newest event ids are remembered to recognise a redelivery."""
    history: Duration = 34_560_000_000
    """The longest window that may be used; 400d if absent."""
    future_skew: Duration = 300_000
    """How far an event may lie in the future before its time is corrected; 5m if absent."""


class EventFilter(Part):
    """Events of one type for which every test holds."""

    event: Name
    """An event type."""
    where: dict[FieldName, TestOrScalar] = {}
    """Tests of the event's fields; all must hold."""


class AnyBehaviour(Part):
    """Any of several behaviours."""

    any_of: Annotated[list[Name], Field(min_length=1)]
    """Names of behaviours."""


Behaviour = Annotated[
    Annotated[EventFilter, Tag("<event>")] | Annotated[AnyBehaviour, Tag("<any_of>")],
    by_key("any_of", "<event>"),
]


class CompanyStage(Part):
    """How a company's stage follows from its contacts'."""

    max_of: Literal["contacts", "active_contacts"]
    """The furthest stage of all contacts, or of those whose stage is not a detour."""


class Company(Part):
    """Companies beside contacts."""

    stage: CompanyStage
    """How the stage is found."""
    floor: Literal["deals"] | None = None
    """`deals`: never below what the company's deals say."""
    push_down: bool = False
    """Contacts never follow the company's stage: only `false` is taken."""


class Lifecycle(Part):
    """Everything marketing and sales agreed on."""

    lifecycle: Literal[1]
    """Version of this grammar."""
    id: Name
    """Names the definition."""
    version: Version
    """Of this definition; a published version never changes."""
    timezone: Text = "UTC"
    """For business hours, calendar days and weeks; all else is UTC."""
    business_hours: BusinessHours = BusinessHours()
    """When hand-off deadlines run."""
    limits: Limits = Limits()
    """Bounds of what is remembered."""
    events: dict[Name, dict[FieldName, FieldKind]] = {}
    """Event types of your own, and narrower fields of the standard ones."""
    profile: dict[FieldName, FieldKind] = {}
    """Profile fields that conditions may test."""
    lists: dict[Name, Annotated[list[Scalar], Field(min_length=1)]] = {}
    """Values to share; used as `$name`."""
    behaviours: dict[Name, Behaviour] = {}
    """Named filters over events."""
    scores: dict[Name, Score] = {}
    """Named sums of points; `total` is the sum of them all."""
    segments: dict[Name, Segment] = {}
    """Named divisions of all contacts."""
    criteria: dict[Name, Condition] = {}
    """Named, reusable conditions."""
    stages: Annotated[list[Stage], Field(min_length=1)]
    """The main ladder, lowest first."""
    tracks: dict[Name, Track] = {}
    """Ladders beside the main one."""
    company: Company | None = None
    """Companies beside contacts."""


def ladders(lifecycle: Lifecycle) -> Iterator[tuple[str, tuple[str, ...], list[Stage]]]:
    """Yield each ladder's id, its place in the file and its stages; the main one first."""
    yield MAIN, ("stages",), lifecycle.stages
    for name, track in lifecycle.tracks.items():
        yield name, ("tracks", name, "stages"), track.stages
