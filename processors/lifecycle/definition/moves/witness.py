"""Events that make facts true, and what the core makes of them: a counter-example that anyone can replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from processors import lifecycle
from processors.lifecycle.program import program_of
from processors.lifecycle.settle import settle
from processors.lifecycle.turn import Turn
from processors.lifecycle.words import duration
from schemas.events import EVENT_TYPES, HEADER, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.definition.moves.literals import Budget
    from processors.lifecycle.plan import Plan
    from processors.lifecycle.turn import Change

START = 1_767_603_600_000  # Monday 2026-01-05 09:00 UTC: an opening hour nearly everywhere
STEP_MS = 60_000  # between two events
DEED_WORK = 5  # what playing an event costs, next to asking whether two facts go together
PLAIN: dict[str, Any] = {"string": "x", "integer": 1, "number": 1, "boolean": True, "map": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that happens after `after_ms` of nothing; with no type it is only that nothing."""

    type: str | None
    fields: tuple[tuple[str, Any], ...] = ()
    after_ms: int = STEP_MS

    def __str__(self) -> str:
        if self.type is None:
            return f"{duration(self.after_ms)} pass"
        told = _shown({name: value for name, value in self.fields if value is not None})
        return f"{self.type} {told}" if self.fields else self.type


FIRST_SEEN = Deed(type="contact_updated", fields=(("profile", {}),))


@dataclass(slots=True)
class Rehearsal:
    """One contact's deeds under a plan, and the stages that came of each."""

    plan: Plan
    budget: Budget
    state: bytes = b""
    clock: int = START
    position: int = -1
    moves: list[tuple[Deed, list[str]]] = field(default_factory=list)

    def act(self, deeds: tuple[Deed, ...]) -> None:
        """Let deeds happen, one after the other; who waits has been seen before."""
        begun = bool(self.state) or not deeds or deeds[0].type is not None
        for deed in deeds if begun else (FIRST_SEEN, *deeds):
            self.budget.spend(DEED_WORK)
            self.clock += deed.after_ms
            changes = self._wait()
            if deed.type is not None:
                self.position += 1
                event = _event(deed, self.clock, self.position)
                self.state, done = lifecycle.apply(self.plan, self.state, event)
                changes += done
            self.moves.append((deed, _stages(changes)))

    def _wait(self) -> list[Change]:
        """Let time pass, timer by timer: somebody may go to and fro each minute of a year."""
        changes: list[Change] = []
        while (due := lifecycle.next_due(self.state)) is not None and due <= self.clock:
            self.budget.spend(DEED_WORK)
            self.state, some = lifecycle.advance(self.plan, self.state, due)
            changes += some
        self.state, _none = lifecycle.advance(self.plan, self.state, self.clock)
        return changes

    def look_again(self) -> None:
        """Settle once more though nothing has happened: who goes round goes on, anybody else stays.

        The core makes at most as many hops as there are stages: in a small file too few to see a round.
        """
        self.budget.spend(DEED_WORK)
        program, contact = program_of(self.plan), lifecycle.load(self.plan, self.state)
        if contact.id:
            turn = Turn(program=program, contact=contact, now=contact.clock, dirty=program.inputs.everything)
            settle(turn)
            self.moves[-1][1].extend(_stages(turn.out))

    def told(self) -> tuple[str, ...]:
        """Tell the story, one deed a line; the same deed several times is one line."""
        lines: list[tuple[str, int, list[str]]] = []
        for deed, stages in self.moves:
            if lines and lines[-1][0] == str(deed) and not lines[-1][2]:
                lines[-1] = (lines[-1][0], lines[-1][1] + 1, stages)
            else:
                lines.append((str(deed), 1, stages))
        return tuple(
            what + (f" ({times} times)" if times > 1 else "") + (f" → {_way(stages)}" if stages else "")
            for what, times, stages in lines
        )


def _stages(changes: Iterable[Change]) -> list[str]:
    return [stage for one in changes if one["record"] == "stage_changed" for stage in one["path"]]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_shown(part)}" for name, part in value.items()) + "}"
    return str(value)


def _way(stages: list[str]) -> str:
    """Write a way; one that repeats itself stops after the first repetition."""
    seen: list[str] = []
    for stage in stages:
        if stage in seen:
            return " → ".join([*seen, stage, "…"])
        seen.append(stage)
    return " → ".join(seen)


def _event(deed: Deed, at: int, position: int) -> dict[str, Any]:
    type_ = str(deed.type)
    given = dict(deed.fields)
    head = dict.fromkeys(HEADER) | {
        "event_id": f"e{position}", "contact_id": "anna", "occurred_at": at, "position": position,
    }  # fmt: skip
    if type_ not in EVENT_TYPES:
        return {"type": "custom_event", **head, "name": type_, "properties": given}
    own = {
        name: None if kind.nullable else (kind.symbols[0] if kind.symbols else PLAIN.get(kind.kind, at))
        for name, kind in fields_of(type_).items()
        if name not in HEADER
    }
    return {"type": type_, **head, **own, **given}
