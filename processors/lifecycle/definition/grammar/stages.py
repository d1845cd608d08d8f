"""Stages, ways in and out of them, hand-offs, tracks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from processors.lifecycle.definition.grammar.conditions import Condition
from processors.lifecycle.definition.grammar.terms import Duration, Name, Part, Wording
from processors.strict_yaml.problem import refuse


class Leave(Part):
    """A way back or aside."""

    goto: Name
    """A stage of the same ladder."""
    when: Condition | None = None
    """Goes when this holds …"""
    after: Duration | None = None
    """… and so much time has passed in the stage."""
    reset: list[Name] = []
    """What no longer counts: names of scores, and `counts`. Starts a new cycle."""
    reason: Wording | None = None
    """Shown with the change."""

    @model_validator(mode="after")
    def _has_a_ground(self) -> Leave:
        if self.when is None and self.after is None:
            raise refuse(
                "a way out needs 'when', 'after' or both", "write for example {goto: lead, after: 180d}"
            )
        return self


class Breach(Part):
    """What happens when nobody has answered."""

    after: Duration
    """Counted from the offer, on the hand-off's clock."""
    do: Literal["escalate", "reassign", "alert", "expire"]
    """`expire` ends the hand-off."""


class Handoff(Part):
    """Offers the contact to another team on entering the stage."""

    to: Wording
    """The team."""
    accept_within: Duration | None = None
    """How soon an answer is due."""
    clock: Literal["wall", "business"] = "wall"
    """Whether deadlines run all the time or in business hours."""
    remind: Duration | None = None
    """Reminds so long after the offer."""
    on_breach: list[Breach] = []
    """What happens after how long without an answer."""


class Stage(Part):
    """A rung of a ladder; the order of the file is the rank."""

    id: Name
    """Unique in the file."""
    name: Wording | None = None
    """In full, for people."""
    definition: Wording | None = None
    """What both teams mean by it."""
    owner: Wording | None = None
    """The team that works on it; every stage has one."""
    goal: Wording | None = None
    """What the owner wants to achieve here."""
    journey: Wording | None = None
    """Phase of the buyer's journey."""
    enter: Condition | None = None
    """Contacts of lower rank move up when this becomes true."""
    leave: list[Leave] = []
    """Ways back or aside; the first that holds."""
    handoff: Handoff | None = None
    """Offers the contact to another team."""
    statuses: list[Name] = []
    """Sub-states that people set inside the stage."""
    terminal: bool = False
    """Needs no next step."""
    detour: bool = False
    """Beside the ladder: entered only by `goto`."""


class Track(Part):
    """A ladder beside the main one."""

    stages: Annotated[list[Stage], Field(min_length=1)]
    """In order of rank."""
