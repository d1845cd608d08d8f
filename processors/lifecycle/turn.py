"""One turn: a contact brought up to date at one moment, by an event or by a timer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.contact import Contact, Place, Touch
    from processors.lifecycle.program import Program

Change = dict[str, Any]
Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One move on a track: `path` ends with the stage moved to, and is empty when that is no stage."""

    to: int
    path: tuple[int, ...]
    criterion: str
    reason: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What the world sees of a turn's moves on a track: from stage `start`, entered at `since`, by `hops`."""

    track: int
    place: Place
    start: str | None
    since: int
    hops: tuple[Hop, ...]


@dataclass(slots=True, kw_only=True)
class Turn:
    """`now` is the contact's clock; `event` is None for a timer; `at` is when the event happened.

    `dirty` has a bit for every input that changed since the conditions were last asked. `settled` is when the
    contact was last brought up to date before this turn. `again` has those that changed as moves were shown:
    they are asked once more. `hops` are moves already made, by track. `notes` go
    into the evidence of every change. `offers` is false while history is caught up with: hand-offs then wait.
    `replaced` is the plan hash of the criteria that this turn puts an end to, see `switch`. `asks_history`:
    what follows is decided and told when the contact is folded again, once and with all that is known then.
    """

    program: Program
    contact: Contact
    now: int
    event: Mapping[str, Any] | None = None
    at: int = 0
    settled: int = 0
    late: bool = False
    touch: Touch | None = None
    dirty: int = 0
    offers: bool = True
    asks_history: bool = False
    replaced: str | None = None
    again: int = 0
    hops: dict[int, list[Hop]] = field(default_factory=dict)
    notes: list[Evidence] = field(default_factory=list)
    offered_for: tuple[Evidence, ...] = ()  # why the stage was entered whose hand-off is offered
    out: list[Change] = field(default_factory=list)

    @property
    def event_id(self) -> str | None:
        """The event that set it off."""
        return None if self.event is None else self.event["event_id"]

    def refuse(self, reason: str) -> None:
        """Say that the event was not applied, and why."""
        self.contact.refused += 1
        self.out.append(
            {
                "record": "event_refused",
                "contact_id": self.contact.id,
                "event_id": self.event_id,
                "event_type": None if self.event is None else self.event["type"],
                "reason": reason,
            }
        )

    def ask_refold(self, reason: str) -> None:
        """Say that only the whole history can tell what is left: see `refold`."""
        self.asks_history = True
        self.out.append(
            {
                "record": "refold_needed",
                "contact_id": self.contact.id,
                "event_id": self.event_id,
                "reason": reason,
            }
        )
