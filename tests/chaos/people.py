"""People who are told about, become part of each other, and are mostly erased: before, meanwhile or later.

Nobody of them comes again: a life is sent once, its events somewhat out of order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    Fields = dict[str, Any]

URL = "https://x.example/pricing"
ERASED, TWICE = 0.7, 0.4  # how likely
DISORDER = 3.0  # events may change places with those so far from them
ANY_KEY = 0.3  # lives sent to any partition: an erasure overtakes what came before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """`contact`: where intake places the event. `key`: of the record sent."""

    contact: bytes
    key: bytes
    event: Fields


@dataclass(slots=True, kw_only=True)
class Life:
    """One person, a visitor and a double of theirs, by number."""

    number: int
    chance: Random
    at: int  # ms
    told: list[tuple[str, Fields]] = field(default_factory=list)  # where it is placed

    def __post_init__(self) -> None:
        """Think it up."""
        person, visitor, double = self._person, f"anon:{self._visitor}", f"double-{self.number}"
        self._know(person, contact_id=person)
        if self.chance.random() < 0.6:
            self._know(visitor, anonymous_id=self._visitor)
            self._tell(visitor, "contact_identified", contact_id=person, anonymous_id=self._visitor)
        if self.chance.random() < 0.4:
            self._know(double, contact_id=double)
            self._tell(double, "contacts_merged", contact_id=person, into=person, other=double)
        if self.chance.random() < ERASED:
            whose, ids = self.chance.choice(
                [(person, {"contact_id": person})] * 3 + [(visitor, {"anonymous_id": self._visitor})]
            )
            for _ in range(1 + (self.chance.random() < TWICE)):
                self._tell(whose, "contact_erased", **ids)
        self._know(person, contact_id=person)
        if self.chance.random() < 0.5:
            self._know(visitor, anonymous_id=self._visitor)

    def sent(self) -> Iterator[Sent]:
        """Return its events in the order in which they are sent; some of them come twice."""
        chance, any_key = self.chance, self.chance.random() < ANY_KEY
        moments = [number + chance.uniform(0, DISORDER) for number in range(len(self.told))]
        for number in sorted(range(len(self.told)), key=moments.__getitem__):
            contact, fields = self.told[number]
            ids = {"event_id": f"life-{self.number}-{number}", "occurred_at": self.at + number}
            key = f"any-{chance.random()}" if any_key else contact
            for _ in range(chance.choice((1, 1, 1, 2))):
                yield Sent(contact=contact.encode(), key=key.encode(), event=ids | fields)

    @property
    def _person(self) -> str:
        return f"person-{self.number}"

    @property
    def _visitor(self) -> str:
        return f"visitor-{self.number}"

    def _know(self, where: str, **ids: str) -> None:
        """Tell something about the person alone, and something that rules read."""
        name = {"phone": f"of {where}", "country": "de"}
        for type_, fields in (
            ("contact_updated", {"profile": name}),
            ("qualified_answer", {"topic": "budget", "answer": f"{where} has some"}),
            ("page_view", {"url": URL}),
            ("form_submitted", {"form": "demo"}),
        ):
            if self.chance.random() < 0.6:
                self._tell(where, type_, **ids, **fields)

    def _tell(self, where: str, type_: str, **fields: Any) -> None:  # noqa: ANN401 - any event's fields
        self.told.append((where, {"type": type_, **fields}))
