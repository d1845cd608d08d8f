"""What two lifecycles made of one log: who stands elsewhere, by which rule, and what it adds up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from processors.replay.summary import NOWHERE
from schemas.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]
    Where = tuple[str, str]  # contact, track


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A contact that ends elsewhere. `rule_*`: the path of what brought it there, "" if nothing did."""

    contact_id: str
    track: str
    from_stage: str
    to_stage: str
    rule_from: str
    rule_to: str
    since: int | None  # when it came to `to_stage`, ms UTC

    @property
    def move(self) -> tuple[str, str, str, str]:
        """Track, from, to, and the rule that is responsible."""
        return self.track, self.from_stage, self.to_stage, self.rule_to or self.rule_from


class Contacts(Protocol):
    """The contacts as a lifecycle left them."""

    def standing(self) -> int:
        """Count those that are neither part of another one nor erased."""

    def find(self, contact_id: str, /) -> Contact | None:
        """Find one; None for one never seen."""

    def plan_of(self, contact_id: str, /) -> Plan:
        """Find the definition that decides about it."""


@dataclass(slots=True, kw_only=True)
class Side:
    """What one lifecycle made of the log."""

    contacts: Contacts
    ends: dict[Where, Change] = field(default_factory=dict)  # last move on each track
    offered: Counter[str] = field(default_factory=Counter)  # hand-offs by UTC day

    def note(self, change: Change) -> None:
        """Take one change."""
        if change["record"] == "stage_changed":
            self.ends[change["contact_id"], change["track"]] = change
        elif change["record"] == "mql_handoff" and change["action"] == "offered":
            self.offered[from_ms(change["at"]).date().isoformat()] += 1

    def note_all(self, changes: Iterable[Change]) -> None:
        """Take changes as they come."""
        for change in changes:
            self.note(change)

    def last_move(self, where: Where) -> Change | None:
        """Give what brought a contact to where it ended; None if nothing did."""
        return self.ends.get(where)

    def stage(self, where: Where) -> str:
        """Where a contact ended."""
        return self.ends[where]["to"] or NOWHERE if where in self.ends else NOWHERE

    def rule(self, where: Where) -> str:
        """Which rule brought it there."""
        return str(self.ends[where]["cause"]["criterion"]) if where in self.ends else ""

    def by_stage(self) -> Counter[str]:
        """Contacts by stage, of all tracks."""
        return Counter(self.stage(where) for where in self.ends if self.stage(where) != NOWHERE)


class Compared:
    """Both sides, the lifecycles that decide in the end, and the log's counts.

    `as_of`: where all clocks ended, ms UTC.
    """

    def __init__(self, plans: tuple[Plan, Plan], sides: tuple[Side, Side]) -> None:
        self.plans, self.sides = plans, sides
        self.events = self.refused = self.as_of = 0

    def places(self) -> list[Where]:
        """Every contact and track on which either side has moved it, in order."""
        before, after = self.sides
        return sorted({*before.ends, *after.ends})

    def differences(self) -> list[Difference]:
        """Every contact that ends elsewhere, by id and track."""
        before, after = self.sides
        return [
            self._difference(where) for where in self.places() if before.stage(where) != after.stage(where)
        ]

    def _difference(self, where: Where) -> Difference:
        before, after = self.sides
        contact_id, track = where
        return Difference(
            contact_id=contact_id,
            track=track,
            from_stage=before.stage(where),
            to_stage=after.stage(where),
            rule_from=before.rule(where),
            rule_to=after.rule(where),
            since=after.ends[where]["at"] if where in after.ends else None,
        )

    def totals(self) -> dict[str, Any]:
        """Contacts by stage and hand-offs per day, on both sides."""
        before, after = self.sides
        stages, others = before.by_stage(), after.by_stage()
        names = dict.fromkeys(stage.id for plan in self.plans for stage in plan.stages)
        days = sorted({*before.offered, *after.offered})
        differences = self.differences()
        moves = Counter(one.move for one in differences)
        return {
            "events": self.events,
            "refused": self.refused,
            "contacts": after.contacts.standing(),
            "moved": len({one.contact_id for one in differences}),  # on several tracks perhaps
            "stages": {name: {"from": stages[name], "to": others[name]} for name in names},
            "moves": [
                {"track": track, "from": start, "to": end, "rule": rule, "contacts": count}
                for (track, start, end, rule), count in moves.most_common()
            ],
            "handoffs": {
                "from": before.offered.total(),
                "to": after.offered.total(),
                "by_day": {day: {"from": before.offered[day], "to": after.offered[day]} for day in days},
            },
        }
