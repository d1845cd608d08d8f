"""A contact in memory: everything the core remembers about one. Mutable on purpose, and never shared.

Accumulators are sparse: no entry means nothing happened yet. Indices are those of the plan. Times are ms UTC,
event time; NEVER_BEFORE stands for "not yet".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from processors.lifecycle.decay import Sums, Totals
    from processors.lifecycle.newest import Entry, Series
    from processors.lifecycle.scores import Reading

NEVER_BEFORE = -1
NO_STAGE = -1


class Floor(NamedTuple):
    """A reset: what is older than `at`, or was folded up to `position`, does not count."""

    at: int
    position: int


class Seen(NamedTuple):
    """Newest event of a distinct value. `more`: another event had the value too."""

    entry: Entry
    more: bool


class Latest(NamedTuple):
    """Newest event of a type, with the fields kept of it."""

    at: int
    event_id: str
    values: dict[str, Any]


class DealIs(NamedTuple):
    """A deal as last heard of."""

    at: int
    stage: str
    amount: Any  # Decimal or None
    currency: str | None


class Touch(NamedTuple):
    """An engagement with its attribution."""

    at: int
    event_id: str
    event_type: str
    source: str | None
    campaign: str | None
    medium: str | None


class Employer(NamedTuple):
    """What the newest event that named a company said."""

    at: int
    event_id: str
    company_id: str


class Member(NamedTuple):
    """A contact as its company was told of it last; see `membership`."""

    company_id: str
    stage: str | None = None
    active: bool = False
    deals: str = "none"
    counts_as: str | None = None
    rank: int = 0
    by_deals: bool = False


class Override(NamedTuple):
    """A stage held by hand."""

    at: int
    kind: str  # pin, floor, ceiling
    stage: int
    until: int | None
    actor: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Handoff:
    """A hand-off: open until answered, expired or withdrawn.

    `sent` is false for a contact not yet identified. `steps` reminders and breaches have been done, the next
    one is due at `step_due`.
    """

    id: str
    stage: int
    cycle: int
    offered_at: int
    accept_by: int | None
    status: str = "open"
    sent: bool = False
    steps: int = 0
    step_due: int | None = None


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a contact is on one track.

    `stage` follows from the events alone; `shown` is what the world sees: the same, unless held by hand.
    `furthest` is the highest rank of this cycle. `spent` holds the alternatives of `enter` conditions that
    have not been false since a move back. `in_doubt`: a void took away what the stage may have been founded
    on, and only the history can tell.
    """

    stage: int = NO_STAGE
    since: int = NEVER_BEFORE
    came_from: int = NO_STAGE
    entered_by: str = ""  # id of the event that crossed the line
    shown: int = NO_STAGE
    shown_since: int = NEVER_BEFORE
    cycle: int = 0
    cycle_since: int = NEVER_BEFORE
    furthest: int = -1
    entries: dict[int, tuple[int, int]] = field(default_factory=dict)  # stage → first, latest
    spent: set[int] = field(default_factory=set)
    override: Override | None = None
    handoff: Handoff | None = None
    status: str | None = None
    in_doubt: bool = False


@dataclass(slots=True, kw_only=True)
class Contact:
    """Position and clock, accumulators, what was last heard, places, what was said so far."""

    id: str = ""
    position: int = -1
    clock: int = NEVER_BEFORE
    first_seen: int = NEVER_BEFORE
    last_counted: int = NEVER_BEFORE
    next_due: int | None = None
    seen: bytes = b""  # see `seen`

    newest: dict[int, Series] = field(default_factory=dict)  # counter → newest events
    distinct: dict[int, dict[bytes, Seen]] = field(default_factory=dict)  # counter → value → newest event
    horizons: dict[int, Entry] = field(default_factory=dict)  # counter → newest event dropped
    periods: dict[int, dict[int, int]] = field(default_factory=dict)  # calendar → period → events
    tallies: dict[int, int] = field(default_factory=dict)  # rule → events
    sums: dict[int, Sums] = field(default_factory=dict)  # rule → decayed weights
    stamps: dict[int, list[int]] = field(default_factory=dict)  # rule → times
    values: dict[int, dict[bytes, Seen]] = field(default_factory=dict)  # rule → value → newest event
    capped: dict[int, dict[int, list[int]]] = field(default_factory=dict)  # rule → period → total, times
    counts_floor: Floor | None = None
    score_floors: dict[int, Floor] = field(default_factory=dict)

    last: dict[str, Latest] = field(default_factory=dict)
    profile: dict[str, tuple[int, Any]] = field(default_factory=dict)  # field → at, value (None: cleared)
    deals: dict[str, DealIs] = field(default_factory=dict)
    employer: Employer | None = None  # only where the plan has companies
    first_touch: Touch | None = None
    last_touch: Touch | None = None

    places: list[Place] = field(default_factory=list)  # per track
    bands: list[str | None] = field(default_factory=list)  # per segment
    stage_changes: int = 0
    segment_changes: int = 0
    handoff_changes: int = 0
    member: Member | None = None
    membership_changes: int = 0

    reading: Reading | None = None  # not part of the state: see `scores`
    fit: dict[int, int] | None = None  # not part of the state either
    totals: Totals = field(default_factory=dict)  # nor this: what `sums` come to

    forward_to: str | None = None
    merged: list[str] = field(default_factory=list)  # ids whose history was taken in
    erased: bool = False
    refused: int = 0
    clamped: int = 0

    @property
    def anonymous(self) -> bool:
        """Known by a visitor id only: no hand-off is made."""
        return self.id.startswith("anon:")
