"""What a variant would have brought: hand-offs, and how well they foretold the deals that were won.

docs/lab.md has every formula.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from schemas.times import DAY_MS, from_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from processors.lifecycle.plan import Plan

    Change = Mapping[str, Any]
    Event = Mapping[str, Any]
    Home = Callable[[str], str]
    """Contact id → the contact that it is part of at the log's end."""


@dataclass(slots=True, kw_only=True)
class Wins:
    """Deals won, as the log tells them: the same for every variant. A deal is won once, at its earliest."""

    _told: list[tuple[str, str, str, int]] = field(default_factory=list)  # contact, deal, event id, ms
    _voided: set[str] = field(default_factory=set)

    def note(self, event: Event) -> None:
        """Take one placed event."""
        if event["type"] == "engagement_voided":
            self._voided.add(event["voids"])
        elif event["type"] == "deal_changed" and event["stage"] == "closed_won":
            self._told.append((event["contact_id"], event["deal"], event["event_id"], event["occurred_at"]))

    def by_contact(self, home: Home) -> dict[str, list[int]]:
        """Return the times of each contact's wins, earliest first."""
        deals: dict[tuple[str, str], int] = {}
        for contact_id, deal, event_id, at in self._told:
            if event_id not in self._voided:
                key = home(contact_id), deal
                deals[key] = min(at, deals.get(key, at))
        return _sorted((contact_id, at) for (contact_id, _deal), at in deals.items())


@dataclass(slots=True, kw_only=True)
class Calls:
    """Whom a variant called qualified, and when: hand-offs of the stage, or entries of one without."""

    plan: Plan
    stage: str
    handoffs: int = 0  # offered, of all stages
    times: list[tuple[str, int]] = field(default_factory=list)  # contact, ms

    def note(self, change: Change) -> bool:
        """Take one change; tell whether it counts for anything."""
        offered: bool = change["record"] == "mql_handoff" and change["action"] == "offered"
        self.handoffs += offered
        if self._hands_off:
            called: bool = offered and change["stage"] == self.stage
        else:
            called = change["record"] == "stage_changed" and change["to"] == self.stage
        if called:
            self.times.append((change["contact_id"], change["at"]))
        return offered or called

    @property
    def _hands_off(self) -> bool:
        return any(one.id == self.stage and one.handoff is not None for one in self.plan.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What the log covers: its first event, its end (ms, UTC), and how long after a call a win counts."""

    first: int
    end: int
    horizon: int

    @property
    def days(self) -> int:
        """UTC days from the first event's to the end's, both counted."""
        return self.end // DAY_MS - self.first // DAY_MS + 1


def outcome(calls: Calls, wins: Mapping[str, Sequence[int]], span: Span, home: Home) -> dict[str, Any]:
    """Judge a variant. A figure that has nothing to be computed of is None."""
    mqls = [(home(contact_id), at) for contact_id, at in calls.times]
    judged = [(contact_id, at) for contact_id, at in mqls if at + span.horizon <= span.end]
    right = sum(_is_won(wins.get(contact_id, ()), at, span.horizon) for contact_id, at in judged)
    leads = _leads(_sorted(mqls), wins)
    by_day = Counter(_day(at) for _contact_id, at in mqls)
    return {
        "mqls": len(mqls),
        "mqls_per_day": len(mqls) / span.days,
        "judged": len(judged),
        "won": right,
        "precision": right / len(judged) if judged else None,
        "won_contacts": len(wins),
        "foreseen": len(leads),
        "recall": len(leads) / len(wins) if wins else None,
        "lead_days_median": median(leads) / DAY_MS if leads else None,
        "lead_days_p90": _p90(leads) / DAY_MS if leads else None,
        "handoffs": calls.handoffs,
        "by_day": dict(sorted(by_day.items())),
    }


def _is_won(wins: Sequence[int], called: int, horizon: int) -> bool:
    return any(called < won <= called + horizon for won in wins)


def _leads(mqls: Mapping[str, Sequence[int]], wins: Mapping[str, Sequence[int]]) -> list[int]:
    """From each contact's first call to its first win (ms), of those called before it."""
    firsts = ((mqls[contact_id][0], won[0]) for contact_id, won in wins.items() if contact_id in mqls)
    return [won - called for called, won in firsts if called < won]


def _p90(values: Sequence[int]) -> float:
    """Interpolate linearly between the two nearest ranks (`method="inclusive"` of the statistics module)."""
    return float(values[0]) if len(values) == 1 else quantiles(values, n=10, method="inclusive")[8]


def _sorted(times: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    by_contact: defaultdict[str, list[int]] = defaultdict(list)
    for contact_id, at in sorted(times):
        by_contact[contact_id].append(at)
    return dict(by_contact)


def _day(at: int) -> str:
    return from_ms(at).date().isoformat()
