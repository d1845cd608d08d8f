"""What a promotion would tell: counted from the very changes that it would make."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from processors.lifecycle import load
from processors.lifecycle.changes import stage_id
from processors.lifecycle.program import program_of
from processors.replay.summary import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Preview:
    """Contacts by stage before and after, who moves by which rule, and what sales would hear.

    `contacts` are those that are neither part of another one nor erased, as `diff` and `replay` count them.
    """

    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    handoffs: Counter[str] = field(default_factory=Counter)  # by action
    ladder: list[str] = field(default_factory=list)  # every stage, as the files order them
    bands: int = 0
    contacts: int = 0
    moved: list[Change] = field(default_factory=list)

    def add(self, said: tuple[Plan, bytes], then: tuple[Plan, bytes], changes: Iterable[Change]) -> None:
        """Take one contact: plan and state before, plan and state after, and what it would be told."""
        if not self.ladder:
            self.ladder = [stage.id for plan, _ in (said, then) for stage in plan.stages]
        for (plan, state), counted in ((said, self.before), (then, self.after)):
            contact = load(plan, state)
            stands = not contact.erased and contact.forward_to is None
            if stands:
                counted.update(_stages(plan, contact))
        self.contacts += stands
        for change in changes:
            match change["record"]:
                case "stage_changed":
                    ends = change["from"] or NOWHERE, change["to"] or NOWHERE
                    self.moves[*ends, change["cause"]["criterion"]] += 1
                    self.moved.append({name: change[name] for name in ("contact_id", "track", "from", "to")})
                case "segment_changed":
                    self.bands += 1
                case "mql_handoff":
                    self.handoffs[change["action"]] += 1

    def as_json(self) -> dict[str, Any]:
        """Shape it for machines."""
        counted = dict.fromkeys((*self.before, *self.after))
        names = [name for name in dict.fromkeys(self.ladder) if name in counted]
        return {
            "contacts": self.contacts,
            "moved": len({one["contact_id"] for one in self.moved}),
            "stages": {name: {"from": self.before[name], "to": self.after[name]} for name in names},
            "moves": [
                {"from": start, "to": end, "rule": rule, "contacts": count}
                for (start, end, rule), count in self.moves.most_common()
            ],
            "handoffs": dict(sorted(self.handoffs.items())),
            "segment_changes": self.bands,
            "differences": self.moved,
        }


def _stages(plan: Plan, contact: Contact) -> Iterator[str]:
    for place in contact.places:
        stage = stage_id(program_of(plan), place.shown)
        if stage is not None:
            yield stage
