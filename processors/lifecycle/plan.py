"""The plan: a lifecycle file with every name resolved. Plain frozen data, the same for every back-end.

Integers named for what they point at (`behaviour`, `counter`, `stage`, `score`, `rule`, `segment`)
are indices into the tuples of `Plan`. Points are thousandths of a point, durations milliseconds, `path` the
place in the lifecycle file that a reader would look up (`stages.mql.enter.any[0]`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Scalar = str | int | bool | Decimal
TestOp = Literal[
    "eq", "ne", "in", "not_in", "gte", "gt", "lte", "lt",
    "starts_with", "ends_with", "contains", "contains_any", "path", "exists",
]  # fmt: skip
ORDER_OPS = ("gte", "gt", "lte", "lt")
Since = Literal["ever", "stage_entry", "recycled"]
TOTAL = -1  # score index of `total`, the sum of all scores
MAIN = "main"  # id of the ladder under `stages`
MARGIN = 8  # timestamps kept beyond the largest threshold, so that a few voided ones can be taken out


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test of one value: a tuple for `in`, `not_in`, `contains_any`; True or False for `exists`.

    `contains` and `contains_any` ignore case (casefold both sides); everything else is exact. `path` is a
    glob over the path of a URL, without query and fragment: `*` stays within a segment, `**` is any number
    of whole segments, none included, so `/products/**` also matches `/products` and `/products/`.
    """

    __test__ = False  # not a pytest class

    field: str
    op: TestOp
    value: Scalar | tuple[Scalar, ...]


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
class HalfLife:
    """Points halve every `ms`."""

    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From age `after_ms` (inclusive) on, `keep` per cent of the points are left."""

    after_ms: int
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Ascending by `after_ms`; before the first step everything counts. `expires: d` is one step to 0."""

    steps: tuple[Step, ...]


Decay = HalfLife | Steps | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourRule:
    """Points for each event of a behaviour.

    `cap_points`: what the rule may contribute at most, in absolute value. `cap_times` counts per calendar
    `cap_each`; the newest of a period count. `distinct` counts each value of the field once, at its
    newest time.
    `keep`: how many timestamps (or values) the rule keeps; 0 where sums are enough, that is without steps,
    `cap_times` and `distinct`.
    """

    id: str
    score: int
    path: str
    behaviour: int
    points: int
    decay: Decay
    cap_points: int | None
    cap_times: int | None
    cap_each: Literal["day", "week", "ever"] | None
    distinct: str | None
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRule:
    """Points while a condition holds."""

    id: str
    score: int
    path: str
    when: Condition
    points: int


Rule = BehaviourRule | FitRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`max`: the sum of its rules is cut off above it (thousandths)."""

    id: str
    max: int | None
    rules: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every one holds."""

    of: tuple[Condition, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """At least one holds."""

    of: tuple[Condition, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """`of` does not hold."""

    of: Condition
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """Compares the count in (t - within_ms, t] and after `since` with n. `more_than: 1` is n = 2."""

    counter: int
    op: Literal["at_least", "at_most"]
    n: int
    within_ms: int | None
    since: Since
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DidNot:
    """No such event in (t - for_ms, t]; a contact younger than for_ms has not been quiet that long."""

    counter: int
    for_ms: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """Active in at least `periods` of the last `of` calendar periods, the current one included."""

    calendar: int
    periods: int
    of: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTest:
    """Tests a profile field; an absent field fails every test but `exists: false` and `ne`."""

    test: Test
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTest:
    """Compares a score (thousandths of a point; `TOTAL` for the sum) with `value` (thousandths)."""

    score: int
    op: Literal["eq", "ne", "gte", "gt", "lte", "lt"]
    value: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTest:
    """Tests a field of the newest event of a type (by occurred_at, then log position); `event` as in Atom."""

    event: str
    test: Test
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """`open`, `won`, `all_lost`, or an open deal for which every test on amount and stage holds."""

    is_: Literal["open", "won", "all_lost", "matching"]
    tests: tuple[Test, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The contact has ever entered the stage (in any cycle)."""

    stage: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InBand:
    """The contact is in that band of the segment."""

    segment: int
    band: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InStageFor:
    """In the present stage for at least `ms`."""

    ms: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffIs:
    """The state of the contact's current hand-off."""

    status: Literal["accepted", "rejected", "expired"]
    path: str


Condition = (
    All | AnyOf | Not | Did | DidNot | Active | ProfileTest | ScoreTest | LastTest
    | Deal | Reached | InBand | InStageFor | HandoffIs
)  # fmt: skip


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
