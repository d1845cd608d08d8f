"""What is still known of a person: whose events tell of it, and their sealed values that can be opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from processors.lifecycle import Log, without_undone
from processors.sealing import Gone, opened, owner_of
from schemas.errors import SchemaError
from schemas.personal import with_personal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A personal value of an event: `kind` as in `schemas.personal`, `at` when it was told (ms, UTC).

    `contact_id`: whose event it is. `text`: the value, or why it can no longer be read.
    """

    contact_id: str
    kind: str
    at: int
    text: str | Gone


def events_of(contact_id: str, told: Mapping[str, Sequence[Event]]) -> list[Event]:
    """List the events of a contact, then of everybody who is part of it now; each in log order.

    `told`: what each contact that may be part of it was told, by its id, each event with its log `position`.
    Who was part of it until a merge was undone is left out, with all that came from there.
    """
    log = Log(lambda other: told.get(other, ()))
    found: list[Event] = []
    people = [contact_id]
    for one in people:
        own = without_undone(one, told.get(one, ()), log)
        found += own
        others = [event["other"] for event in own if event["type"] == "history_transferred"]
        people += [other for other in dict.fromkeys(others) if other not in people]
    return found


def values_of(events: Sequence[Event], rows: Mapping[bytes, bytes]) -> list[Value]:
    """List the personal values of events; `rows`: what contact-keys holds.

    What was passed on to another contact is told once, with the event as it came in.
    """
    people = {event["contact_id"] for event in events}
    found: list[Value] = []
    for event in events:

        def note(kind: str, value: Any, event: Event = event) -> Any:  # noqa: ANN401 - any scalar of a map
            if value is not None and not _is_passed_on(event, kind, value, people):
                text = _text(kind, value, rows)
                found.append(
                    Value(contact_id=event["contact_id"], kind=kind, at=event["occurred_at"], text=text)
                )
            return value

        with_personal(event, note)
    return found


def _is_passed_on(event: Event, kind: str, value: Any, people: set[str]) -> bool:  # noqa: ANN401 - as above
    """Tell whether a value came by somebody else's event, which is among those told of."""
    owner = owner_of(value, kind)
    return owner is not None and owner != event["contact_id"] and owner in people


def _text(kind: str, value: Any, rows: Mapping[bytes, bytes]) -> str | Gone:  # noqa: ANN401 - as above
    if owner_of(value, kind) is None:
        return str(value)
    try:
        return opened(value, kind, rows)
    except SchemaError:
        return Gone.DAMAGED
