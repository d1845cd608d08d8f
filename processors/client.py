"""Stageline from Python: publish events, receive hand-offs, answer them.

Hand-offs arrive at least once: a subscriber that dies between handling one and committing it gets it again.
The pair (`Handoff.id`, `Handoff.sequence`) is the same both times; answering twice counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from processors.handoffs import Handoff, handoff_of, receive
from processors.publish import Publisher
from schemas.errors import SchemaError
from schemas.ndjson import event_of
from schemas.times import to_ms
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self


class Client:
    """A connection for publishing, and for answering hand-offs. Close it, or use it in a `with` block.

    Raises LifecycleError when no broker answers at `bootstrap` or the topics are missing.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._publisher = Publisher(bootstrap)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        self._publisher.close()

    def publish(self, events: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> int:
        """Publish one event or many; return how many once the broker has acknowledged all.

        An event is a mapping with the fields of an NDJSON line; times may be `datetime` with a zone,
        numbers `Decimal` or float.
        Raises SchemaError for an event that can never be read, with its number; those before it have been
        sent. Raises DeliveryError when the broker does not acknowledge; then open a new client and publish
        again: an event id that a contact has had is not applied a second time.
        """
        rows = [events] if isinstance(events, Mapping) else events
        number = 0
        try:
            for number, row in enumerate(rows, 1):
                self._publisher.send(number, validate(event_of(_plain(row))))
        except SchemaError as error:
            raise SchemaError(f"event {number}: {error}") from None
        finally:
            self._publisher.flush()
        return number

    def subscribe_handoffs(self, group: str, *, idle: float | None = None) -> Iterator[Handoff]:
        """Iterate over hand-offs as they are offered, reminded of, answered or withdrawn.

        Subscribers of one `group` share them; each contact's arrive in order. The first ever subscriber of
        a group starts with the oldest. A hand-off is committed when the next one is asked for, so one whose
        handling raised comes again. Handling one may take up to `handoffs.HANDLING_MS`. Ends when none has
        come for `idle` seconds; never, by default.
        """
        for record in receive(self._bootstrap, group, idle):
            yield handoff_of(record, self.publish)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a caller puts into an event
    """Write a value as NDJSON would hold it."""
    match value:
        case datetime(tzinfo=None):
            raise SchemaError(f"{value!r} has no time zone: give it tzinfo.")
        case datetime():
            return to_ms(value)
        case float() if value - value != 0:
            raise SchemaError(f"{value} is not a number that can be kept.")
        case float():
            return Decimal(repr(value))
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
    return value
