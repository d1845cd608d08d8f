"""Tell the core a contact's story: events at times, and what came of it.

Every step goes through the bytes of the state, so a story tests the layout too, and through both back-ends.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from schemas.events import NEWEST, field_type
from tests.builders import both

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

    Change = dict[str, Any]

SECOND, MINUTE, HOUR, DAY, WEEK = 1_000, 60_000, 3_600_000, 86_400_000, 604_800_000


def ms(text: str) -> int:
    """ISO 8601 as ms UTC: `2026-03-02T09:30Z`."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


MONDAY = ms("2026-03-02T09:00Z")


def event(type_: str, at: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any event's fields
    """An event in canonical form; what is not given is the schema's default, or something plausible."""
    plain: dict[str, Any] = {"string": "x", "integer": 1, "boolean": False, "timestamp": at, "map": {}}
    record: dict[str, Any] = {"type": type_}
    for one in NEWEST[type_].schema["fields"]:
        known = field_type(one)
        record[one["name"]] = (
            plain.get(known.kind) if known.required and not known.nullable else known.default
        )
    return {**record, "contact_id": "c1", "occurred_at": at, "source": "web", **fields}


class Story:
    """One contact, told event by event. `now` is the time of the last step."""

    def __init__(self, plan: Plan, contact_id: str = "c1") -> None:
        self.plan, self.contact_id = plan, contact_id
        self.state = b""
        self.now = MONDAY
        self.position = -1
        self.changes: list[Change] = []

    def tell(self, type_: str, at: int | None = None, **fields: Any) -> list[Change]:  # noqa: ANN401
        """Apply one event, at `at` or now; returns what changed."""
        self.position += 1
        self.now = max(self.now, at or self.now)
        told = {"event_id": f"e{self.position}", "contact_id": self.contact_id, **fields}
        return self.apply({**event(type_, at or self.now, **told), "position": self.position})

    def apply(self, told: dict[str, Any]) -> list[Change]:
        """Apply a finished event."""
        self.state, changes = both.apply(self.plan, self.state, told)
        self.changes += changes
        return list(changes)

    def wait(self, span: int) -> list[Change]:
        """Let time pass."""
        return self.until(self.now + span)

    def until(self, clock: int) -> list[Change]:
        """Let time pass up to a moment."""
        self.now = clock
        self.state, changes = both.advance(self.plan, self.state, clock)
        self.changes += changes
        return list(changes)

    @property
    def stage(self) -> str | None:
        """What the world sees on the main track."""
        return self.stage_of("main")

    def stage_of(self, track: str) -> str | None:
        """What the world sees on a track."""
        moves = [one for one in self.stage_changes if one["track"] == track]
        return moves[-1]["to"] if moves else None

    @property
    def stage_changes(self) -> list[Change]:
        return [one for one in self.changes if one["record"] == "stage_changed"]

    @property
    def handoffs(self) -> list[Change]:
        return [one for one in self.changes if one["record"] == "mql_handoff"]

    @property
    def band(self) -> dict[str, str | None]:
        """Present band of every segment."""
        segments = (one for one in self.changes if one["record"] == "segment_changed")
        return {one["segment"]: one["to"] for one in segments}
