"""What a replay came to: counts, moves, stages, and a digest of every change.

The digest does not depend on the order in which contacts are folded: of each contact the SHA-256 of its
changes' lines, in order; of all contacts the sum of these as 256-bit numbers, which wraps around.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from processors.company import furthest

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]

NOWHERE = "none"  # how "no stage" is written
DIGEST_BITS = 256


def line_of(change: Change) -> bytes:
    """Write a change as one line of JSON; the same change always gives the same bytes."""
    return json.dumps(change, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


@dataclass(slots=True, kw_only=True)
class Tally:
    """Sums over contacts; tallies of different contacts add up to that of all of them.

    `contacts` leaves out those that became part of another, or were erased. `refused`: lines that cannot be
    read or name nobody; `not_applied`: events that the core refused. `stages`: track → stage → contacts.
    `companies`: company → rank and stage that contacts count with (see `counted`) → contacts.
    """

    events: int = 0
    refused: int = 0
    not_applied: int = 0
    contacts: int = 0
    last_time: int = 0
    digest: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    stages: dict[str, Counter[str]] = field(default_factory=dict)
    companies: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add the tally of other contacts."""
        for name in ("events", "refused", "not_applied", "contacts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.last_time = max(self.last_time, other.last_time)
        self.digest = (self.digest + other.digest) % (1 << DIGEST_BITS)
        self.changes.update(other.changes)
        self.moves.update(other.moves)
        for track, stages in other.stages.items():
            self.stages.setdefault(track, Counter()).update(stages)
        for company, counts in other.companies.items():
            self.companies.setdefault(company, Counter()).update(counts)

    def to_json(self) -> dict[str, Any]:
        """Write it so that `from_json` gives it back."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Tally:
        """Read it. Raises KeyError or TypeError where another version has other fields."""
        stages = {track: Counter(counts) for track, counts in found.pop("stages").items()}
        companies = {company: Counter(counts) for company, counts in found.pop("companies").items()}
        changes, moves = Counter(found.pop("changes")), Counter(found.pop("moves"))
        return cls(**found, changes=changes, moves=moves, stages=stages, companies=companies)


def counted(rank: int, stage: str | None) -> str:
    """Name what a contact counts with in its company, as `Tally.companies` has it."""
    return f"{rank} {stage or ''}"


class Summary:
    """Counts changes as they come."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._open: dict[str, Any] = {}  # contact → SHA-256 of its lines so far
        self._members: dict[str, Change] = {}  # contact → what its company was told last

    def add(self, change: Change) -> bytes:
        """Count a change; gives its line."""
        line = line_of(change)
        self._open.setdefault(change["contact_id"], sha256()).update(line)
        self.tally.changes[change["record"]] += 1
        if change["record"] == "stage_changed":
            start, end = change["from"] or NOWHERE, change["to"] or NOWHERE
            self.tally.moves[f"{start}→{end}"] += 1
            stages = self.tally.stages.setdefault(change["track"], Counter())
            stages[start] -= 1
            stages[end] += 1
        elif change["record"] == "membership_changed":
            self._members[change["contact_id"]] = change
        return line

    def settle(self) -> None:
        """Take note that no more changes of the contacts so far will come."""
        for digest in self._open.values():
            self.tally.digest += int.from_bytes(digest.digest(), "big")
        self.tally.digest %= 1 << DIGEST_BITS
        self._open.clear()
        for change in self._members.values():
            if not change["left"]:
                company = self.tally.companies.setdefault(change["company_id"], Counter())
                company[counted(change["rank"], change["counts_as"])] += 1
        self._members.clear()


def as_json(plan: Plan, tally: Tally, as_of: int) -> dict[str, Any]:
    """Shape a summary."""
    tracks = [*dict.fromkeys([*(track.id for track in plan.tracks), *sorted(tally.stages)])]
    return {
        "lifecycle": f"{plan.id}@{plan.version}",
        "plan_hash": plan.plan_hash,
        "events": tally.events,
        "refused": tally.refused,
        "not_applied": tally.not_applied,
        "contacts": tally.contacts,
        "as_of": as_of,
        "changes": dict(sorted(tally.changes.items())),
        "moves": dict(sorted(tally.moves.items(), key=lambda move: (-move[1], move[0]))),
        "stages": {track: _by_stage(plan, tally, track) for track in tracks},
        **({} if plan.company is None and not tally.companies else {"companies": _companies(plan, tally)}),
        "digest": f"{tally.digest:064x}",
    }


def _companies(plan: Plan, tally: Tally) -> dict[str, int]:
    """Companies by stage, in the order of the file; `none`: none of its contacts counts."""
    reached: Counter[str] = Counter()
    for counts in tally.companies.values():
        known = [(int(rank), stage) for rank, _, stage in (name.partition(" ") for name in counts)]
        top = furthest([one for one in known if one[1]])
        reached[NOWHERE if top is None else top[1]] += 1
    names = dict.fromkeys([NOWHERE, *(plan.stages[stage].id for stage in plan.tracks[0].stages)])
    return {name: reached[name] for name in (*names, *sorted(reached.keys() - names.keys()))}


def _by_stage(plan: Plan, tally: Tally, track: str) -> dict[str, int]:
    """Contacts by stage, in the order of the file; then those that a definition in the log brought in."""
    counted = tally.stages.get(track, Counter())
    order = next((one.stages for one in plan.tracks if one.id == track), ())
    names = [plan.stages[stage].id for stage in order]
    later = sorted(name for name in counted if name != NOWHERE and name not in names)
    staged = {name: counted[name] for name in (*names, *later)}
    return {NOWHERE: tally.contacts - sum(staged.values()), **staged}
