"""The plan: a lifecycle file with every name resolved. Plain frozen data, the same for every back-end.

Integers named for what they point at (`behaviour`, `counter`, `stage`, `score`, `rule`, `segment`)
are indices into the tuples of `Plan`. Points are thousandths of a point, durations milliseconds, `path` the
place in the lifecycle file that a reader would look up (`stages.mql.enter.any[0]`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from processors.lifecycle.plan_conditions import (
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
    Scalar,
    ScoreTest,
    Test,
    TestOp,
)  # fmt: skip
from processors.lifecycle.plan_scoring import (
    BehaviourRule,
    Decay,
    FitRule,
    HalfLife,
    Rule,
    Score,
    Step,
    Steps,
)  # fmt: skip

__all__ = [
    "MAIN", "MARGIN", "TOTAL", "Active", "All", "AnyOf", "Atom", "Band", "Behaviour",
    "BehaviourRule", "Breach", "BusinessHours", "Calendar", "Company", "Condition", "Counter", "Deal",
    "Decay", "Did", "DidNot", "FitRule", "HalfLife", "Handoff", "HandoffIs", "InBand", "InStageFor",
    "LastTest", "Leave", "Limits", "Not", "Plan", "ProfileTest", "Reached", "Rule", "Scalar", "Score",
    "ScoreTest", "Segment", "Stage", "Step", "Steps", "Test", "TestOp", "Track",
]  # fmt: skip

TOTAL = -1  # score index of `total`, the sum of all scores
MAIN = "main"  # id of the ladder under `stages`
MARGIN = 8  # timestamps kept beyond the largest threshold, so that a few voided ones can be taken out


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """Events of one type for which every test holds.

    `event` is a record's name, or a custom event's own name, which is never a record's; the fields of a
    custom event are its properties, beside source, campaign, medium and company_id of the header.
    """

    event: str
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A named filter: an event matches when any atom does (`any_of` is flattened)."""

    id: str
    atoms: tuple[Atom, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The newest `keep` timestamps of a behaviour, or with `distinct` the newest of each of `keep` values.

    `keep` is the largest count any condition compares with (n for at_least, n + 1 for more_than and at_most,
    1 for did_not), plus `MARGIN`. Conditions on the same behaviour and field share one counter.
    """

    behaviour: int
    distinct: str | None
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The newest `keep` calendar days or ISO weeks (plan timezone) in which a behaviour occurred."""

    behaviour: int
    unit: Literal["day", "week"]
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """For a segment over a score: `gte` (thousandths; None is the rest). For one over conditions: `when`."""

    id: str
    gte: int | None
    when: Condition | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """First band that matches. `of` is a score index, `TOTAL`, or None for a segment over conditions."""

    id: str
    of: int | None
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Where to go when `when` holds and `after_ms` have passed in the stage (either may be absent)."""

    goto: int
    when: Condition | None
    after_ms: int | None
    reset_scores: tuple[int, ...]
    reset_counts: bool
    reason: str | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What happens `after_ms` past the offer, when nobody has answered."""

    after_ms: int
    do: Literal["escalate", "reassign", "alert", "expire"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """`accept_within_ms`, `remind_ms` and breaches are counted on `clock` from the offer."""

    to: str
    accept_within_ms: int | None
    clock: Literal["wall", "business"]
    remind_ms: int | None
    on_breach: tuple[Breach, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`rank` orders the stages of one track; a detour has rank -1 and is entered by goto alone."""

    id: str
    track: int
    rank: int
    owner: str
    enter: Condition | None
    leave: tuple[Leave, ...]
    handoff: Handoff | None
    statuses: tuple[str, ...]
    terminal: bool
    detour: bool
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Stage indices in rank order, detours last. Track 0 is `MAIN`."""

    id: str
    stages: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHours:
    """Weekdays 0 = Monday, minutes since local midnight, holidays as proleptic ordinals (date.toordinal)."""

    days: tuple[int, ...]
    from_minute: int
    to_minute: int
    holidays: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """How a company's stage follows from its contacts'."""

    stage: Literal["max_of_contacts", "max_of_active_contacts"]
    floor_by_deals: bool
    push_down: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of what is remembered."""

    dedupe_keep: int
    history_ms: int
    future_skew_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything the core needs. The hashes are SHA-256 hex of canonical JSON, see `compile`."""

    id: str
    version: str
    plan_hash: str
    shape_hash: str
    timezone: str
    business_hours: BusinessHours
    limits: Limits
    behaviours: tuple[Behaviour, ...]
    counters: tuple[Counter, ...]
    calendars: tuple[Calendar, ...]
    rules: tuple[Rule, ...]
    scores: tuple[Score, ...]
    segments: tuple[Segment, ...]
    stages: tuple[Stage, ...]
    tracks: tuple[Track, ...]
    last_fields: tuple[tuple[str, str], ...]  # (event type, field) kept for `last` conditions
    profile_fields: tuple[str, ...]  # profile fields kept because some condition reads them
    company: Company | None
