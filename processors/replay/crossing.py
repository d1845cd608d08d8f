"""Where a recorded log changes its definition: whom it concerns, and how they would have lived otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processors import lifecycle
from processors.lifecycle.plan_json import plan_from_json
from processors.lifecycle.switch import Barrier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from processors.lifecycle.plan import Plan
    from processors.replay.replay import Replay

    Event = dict[str, Any]
    Home = Callable[[str], int]
    """Contact id → its partition."""
    History = Callable[[], Iterable[Event]]


class Crossings:
    """Which definition decides in which partition."""

    def __init__(
        self, first: Plan, history: History, home: Home | None, anew: Callable[[Plan], Replay]
    ) -> None:
        self._first, self._history, self._home, self._anew = first, history, home, anew
        self._plans: dict[int, Plan] = {}
        self._generation: dict[int, int] = {}
        self._lives: dict[int, Life] = {}

    def plan_of(self, contact_id: str) -> Plan:
        """Find the definition that decides about a contact now."""
        if not self._plans:
            return self._first
        return self._plans.get(0 if self._home is None else self._home(contact_id), self._first)

    def cross(self, event: Event) -> Crossing | None:
        """Pass a barrier; None if that generation is the present one, or older."""
        number, generation = 0 if self._home is None else event["partition"], event["generation"]
        if generation <= self._generation.get(number, 0):
            return None
        new = plan_from_json(event["plan"])
        crossing = Crossing(
            old=self._plans.get(number, self._first),
            new=new,
            barrier=Barrier(position=event["position"], at=event["occurred_at"], in_place=event["in_place"]),
            partition=number,
            home=self._home,
            life=None,
        )
        if not event["in_place"]:
            if generation not in self._lives:
                self._lives[generation] = Life(self._anew(new), self._history())
            crossing.life = self._lives[generation]
            crossing.life.go_on_to(event)
        self._plans[number], self._generation[number] = new, generation
        return crossing


@dataclass(slots=True, kw_only=True)
class Crossing:
    """One barrier. `life` is None in place."""

    old: Plan
    new: Plan
    barrier: Barrier
    partition: int
    home: Home | None
    life: Life | None

    def concerned(self, contacts: Iterable[str]) -> list[str]:
        """Choose the contacts that the barrier concerns, in order of their ids as bytes."""
        home = self.home
        chosen = (one for one in contacts if home is None or home(one) == self.partition)
        return sorted(chosen, key=str.encode)

    def lived(self, contact_id: str, said: bytes) -> bytes:
        """Return the state a contact would have under the new definition."""
        return said if self.life is None else self.life.state_of(contact_id)


class Life:
    """The log applied to one definition from its start, from one barrier of a generation to the next."""

    def __init__(self, replay: Replay, log: Iterable[Event]) -> None:
        self._replay, self._events = replay, iter(log)

    def go_on_to(self, barrier: Event) -> None:
        """Apply everything before a barrier."""
        for event in self._events:
            if event == barrier:
                return
            for _change in self._replay.feed(event):
                pass

    def state_of(self, contact_id: str) -> bytes:
        """Return a contact's state, empty for one never seen."""
        contact = self._replay.contacts.get(contact_id)
        return b"" if contact is None else lifecycle.dump(self._replay.plan, contact)
