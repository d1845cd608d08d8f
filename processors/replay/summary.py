"""What a replay came to: counts, moves, stages, and a digest of every change in order."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan
    from processors.replay.run import Run

    Change = dict[str, Any]

NOWHERE = "none"  # how "no stage" is written


def line_of(change: Change) -> bytes:
    """Write a change as one line of JSON; the same change always gives the same bytes."""
    return json.dumps(change, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


class Summary:
    """Counts changes as they come. `digest` is the SHA-256 of their lines, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._digest = sha256()
        self._records: Counter[str] = Counter()
        self._moves: Counter[str] = Counter()
        self._stages: dict[str, Counter[str]] = {track.id: Counter() for track in plan.tracks}

    def add(self, change: Change) -> bytes:
        """Count a change; gives its line."""
        line = line_of(change)
        self._digest.update(line)
        self._records[change["record"]] += 1
        if change["record"] == "stage_changed":
            start, end = change["from"] or NOWHERE, change["to"] or NOWHERE
            self._moves[f"{start}→{end}"] += 1
            stages = self._stages.setdefault(change["track"], Counter())
            stages[start] -= 1
            stages[end] += 1
        return line

    def as_json(self, run: Run, as_of: int) -> dict[str, Any]:
        """Shape the summary. `contacts` leaves out those that became part of another, or were erased.

        `refused`: lines that cannot be read or name nobody; `not_applied`: events that the core refused.
        """
        known = run.replay.contacts.values()
        contacts = sum(one.forward_to is None and not one.erased for one in known)
        return {
            "lifecycle": f"{self._plan.id}@{self._plan.version}",
            "plan_hash": self._plan.plan_hash,
            "events": run.events,
            "refused": run.refused,
            "not_applied": run.replay.refused,
            "contacts": contacts,
            "as_of": as_of,
            "changes": dict(sorted(self._records.items())),
            "moves": dict(sorted(self._moves.items(), key=lambda move: (-move[1], move[0]))),
            "stages": {track: self._by_stage(track, contacts) for track in self._stages},
            "digest": self._digest.hexdigest(),
        }

    def _by_stage(self, track: str, contacts: int) -> dict[str, int]:
        """Contacts by stage, in the order of the file; then those that a definition in the log brought in."""
        counted = self._stages[track]
        order = next((one.stages for one in self._plan.tracks if one.id == track), ())
        names = [self._plan.stages[stage].id for stage in order]
        later = sorted(name for name in counted if name != NOWHERE and name not in names)
        staged = {name: counted[name] for name in (*names, *later)}
        return {NOWHERE: contacts - sum(staged.values()), **staged}
