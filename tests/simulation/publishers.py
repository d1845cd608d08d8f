"""What is told in a simulated promotion, sealed as intake does: people, visitors, mergers, erasures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.engine.transaction import partition_of
from processors.sealing import Sealer
from schemas.codec import encode
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS
from tests.builders.story import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

    Event = dict[str, Any]

URLS = ("/products/a", "/products/b", "/pricing", "/services/y")
PEOPLE, VISITORS = 8, 4
AT_ONCE_S = 2.0  # within so long: what an erasure may race with


class Publishers:
    """In two thirds of the worlds somebody is erased now and then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._erasing = world.chance.choice((0.0, 0.05, 0.2))
        self._numbers = 0

    def tell_something(self) -> None:
        """Publish one event, now and then twice; around an erasure, more of whom it is about."""
        chance = self._world.chance
        if chance.random() < self._erasing:
            self._erase(chance.choice((self._person(), self._person(), self._visitor())))
        else:
            self._publish(self._something())

    def _erase(self, who: str) -> None:
        """Erase somebody who is known, perhaps before, while or after somebody else becomes part of them."""
        self._publish(self._known(who))
        self._soon(0.8, lambda: self._become_part_of(who))
        self._soon(1.0, lambda: self._publish(self._event("contact_erased", who)))
        self._soon(0.3, lambda: self._publish(self._event("contact_erased", who)))
        for _ in range(3):
            self._soon(0.5, lambda: self._publish(self._known(who)))

    def _become_part_of(self, who: str) -> None:
        other = self._world.chance.choice((self._person(), self._visitor()))
        self._publish(self._known(other))
        self._publish(self._link(other, who))
        self._soon(0.3, lambda: self._publish(self._known(other)))

    def _soon(self, how_likely: float, what: Callable[[], None]) -> None:
        chance = self._world.chance
        if chance.random() < how_likely:
            self._world.loop.later(chance.choice((0.0, chance.uniform(0, AT_ONCE_S))), what)

    def _something(self) -> Event:
        chance = self._world.chance
        person, anybody = self._person(), chance.choice((self._person(), self._visitor()))
        match chance.randrange(10):
            case 0:
                return self._link(self._visitor(), person)
            case 1:
                return self._event("form_submitted", person, form="demo")
            case 2:
                return self._event("handoff_accepted", person, handoff=None, actor="sam")
            case 3:
                return self._known(anybody)
            case 4 if chance.random() < 0.3:
                return self._link(self._person(), person)
            case _:
                return self._event("page_view", anybody, url=chance.choice(URLS))

    def _link(self, other: str, into: str) -> Event:
        """Say that one is the other, placed where intake places it."""
        if other.startswith("anon:"):
            return self._event("contact_identified", other, into=into)
        if other == into:
            return self._event("page_view", into, url="/pricing")
        return self._event("contacts_merged", other, into=into, other=other)

    def _known(self, who: str) -> Event:
        """Tell something about the person alone."""
        if self._world.chance.random() < 0.5:
            return self._event("qualified_answer", who, topic="budget", answer=f"{who} has some")
        return self._event("contact_updated", who, profile={"phone": f"of {who}", "country": "de"})

    def _event(self, type_: str, who: str, **fields: Any) -> Event:  # noqa: ANN401 - any event's fields
        return event(type_, self._world.broker.now_ms(), contact_id=who, **fields)

    def _publish(self, told: Event) -> None:
        """Seal an event and append it with its keys, as one transaction of intake's does."""
        world, chance = self._world, self._world.chance
        self._numbers += 1
        company = chance.choice((None, "acme", "globex"))
        told = {**told, "event_id": f"e{self._numbers}", "company_id": company}
        for _ in range(chance.choice((1, 1, 1, 2))):
            sealer = Sealer(chance.randbytes)
            value = encode(sealer.seal(told))
            places = len(world.broker.partitions(CONTACT_KEYS.name))
            for key, row in sealer.rows:
                where = world.place(CONTACT_KEYS.name, partition_of(key, places))
                world.broker.publish(where, [(key, row)])
            key = told["contact_id"].encode()
            place = world.place(CONTACT_EVENTS.name, partition_of(key, world.sources))
            world.broker.publish(place, [(key, value)])

    def _person(self) -> str:
        return f"c{self._world.chance.randrange(PEOPLE)}"

    def _visitor(self) -> str:
        return f"anon:v{self._world.chance.randrange(VISITORS)}"
