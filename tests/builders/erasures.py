"""Holds contact-keys against the log: who was erased keeps no key, and nobody else loses one.

From the log itself, without the engine and without the core's own word on whose keys go.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from processors.sealing import KINDS, Gone, is_sealed, opened, owners, rows_of
from schemas.personal import with_personal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from processors.lifecycle import Contact

    Event = dict[str, Any]
    KeyRow = tuple[bytes, bytes | None]


LINKS = frozenset((
    "contact_erased", "contact_identified", "contacts_merged", "history_transferred", "merge_undone",
))  # fmt: skip


def is_about_keys(event: Event) -> bool:
    """Tell whether a ledger has to know of an event."""
    return event["type"] in LINKS or bool(owners(event))


class Ledger:
    """`log`: contact-events with `position`, each partition in order; `rows`: contact-keys, likewise.

    `contacts`: what became of everybody up to now; it may be behind the log.
    """

    def __init__(self, log: Iterable[Event], rows: Iterable[KeyRow], contacts: Mapping[str, Contact]) -> None:
        rows = list(rows)
        self._deleted = Counter(key for key, value in rows if value is None)
        self._newest = {key: value for key, value in dict(rows).items() if value is not None}
        self._contacts = contacts
        self._told: defaultdict[str, list[Event]] = defaultdict(list)
        self._sealed: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for event in log:
            if event["contact_id"] is not None:
                self._told[event["contact_id"]].append(event)
                self._note(event)
        every = [event for told in self._told.values() for event in told]
        self._gave_away = {event["other"] for event in every if event["type"] == "history_transferred"}
        self._undone = {event["other"] for event in every if event["type"] == "merge_undone"}

    def _note(self, event: Event) -> None:
        for owner in owners(event):  # one, if any

            def note(kind: str, value: Any, owner: str = owner) -> Any:  # noqa: ANN401 - any scalar of a map
                if is_sealed(value):
                    self._sealed[owner, kind].append(value)
                return value

            with_personal(event, note)

    def amiss(self) -> Iterator[str]:
        """Tell what is wrong once everything is decided."""
        yield from self.deleted_amiss()
        for name in sorted(self._told):
            if self._is_to_have_none(name):
                yield from (f"{key!r} outlived the erasure" for key in rows_of(name) if key in self._newest)
            elif self._is_to_have_all(name):
                yield from (
                    f"the key of {name}'s {kind} is lost" for kind in KINDS if self._is_lost(name, kind)
                )

    def deleted_amiss(self) -> Iterator[str]:
        """Tell of keys not deleted exactly as often as there was a reason, as far as each contact is decided.

        Those who became part of another are left out: their keys may go with that one.
        """
        for name in sorted(self._contacts.keys() - self._gave_away):
            reasons, times = self._reasons(name), {self._deleted[key] for key in rows_of(name)}
            if times != {reasons}:
                yield f"keys of {name} were deleted {sorted(times)} times, for {reasons} reasons"

    def erased(self) -> int:
        """Return how many were erased."""
        return sum(one.erased for one in self._contacts.values())

    def _reasons(self, name: str) -> int:
        """Count the erasure, and what of the contact's own came later and was refused."""
        told = [one for one in self._told[name] if one["position"] <= self._contacts[name].position]
        start = next((n for n, one in enumerate(told) if one["type"] == "contact_erased"), len(told))
        return sum(one["type"] == "contact_erased" or name in owners(one) for one in told[start:])

    def _is_to_have_none(self, name: str) -> bool:
        """Whoever was erased, or is part of one that was, as it was known then."""
        if self._is_erased(name):
            return True
        *way, end = self._way(name)
        return (
            bool(way)
            and self._is_erased(end)
            and end not in self._gave_away
            and not any(map(self._is_of_several, way))
        )

    def _is_to_have_all(self, name: str) -> bool:
        way = self._way(name)
        return not (
            self._is_erased(way[-1]) or self._undone.intersection(way) or any(map(self._is_of_several, way))
        )

    def _is_lost(self, name: str, kind: str) -> bool:
        """Of values that several partitions sealed at once, any one may have the key."""
        sealed = self._sealed[name, kind]
        return bool(sealed) and all(isinstance(opened(one, kind, self._newest), Gone) for one in sealed)

    def _is_erased(self, name: str) -> bool:
        return name in self._contacts and self._contacts[name].erased

    def _way(self, name: str) -> list[str]:
        """Return a contact, the one that it became part of, and so on."""
        way = [name]
        while (known := self._contacts.get(way[-1])) and known.forward_to and known.forward_to not in way:
            way.append(known.forward_to)
        return way

    def _is_of_several(self, name: str) -> bool:
        """Whether it went over to a second contact, as a shared device does."""
        known = (one for one in self._told[name] if one["type"] in {"contact_identified", "contacts_merged"})
        return len({one["into"] for one in known}) > 1
