"""The lifecycle processor fed record by record, with what it writes into contact-events coming back to it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from processors.engine.batch import Batch, Output
from processors.engine.lifecycle import Lifecycle, LifecycleClock
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers
from processors.identity import key_of, place
from processors.promotion.barrier import KEY, barrier
from schemas.codec import decode_trusted, encode
from schemas.topics import COMPANY_MEMBERS, CONTACT_EVENTS, DEAD_LETTER
from tests.builders.records import FetchedRecord
from tests.builders.story import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from processors.lifecycle.plan import Plan


class Live:
    """One partition, worked off in batches of the sizes that `sizes` gives in turn."""

    def __init__(self, plan: Plan, sizes: Sequence[int] = (1,)) -> None:
        self.records: list[FetchedRecord] = []
        self.outputs: dict[bytes, list[Output]] = defaultdict(list)  # by contact, in order
        self.seal: Callable[[dict[str, Any]], dict[str, Any]] = dict  # what intake does with a placed event
        self._processor, self._sizes = Lifecycle(plan), sizes
        self._store, self._timers = MemoryStore(), Timers()
        self._done = self._told = self._batches = 0

    def tell(self, type_: str, at: int, **fields: Any) -> None:  # noqa: ANN401 - any event's fields
        """Let an event come in, placed as intake does."""
        self._told += 1
        for placed in place(event(type_, at, **{"event_id": f"e{self._told}", **fields})):
            self._append(key_of(placed), encode(self.seal(placed)))

    def clock(self, at: int) -> None:
        """Let the partition's owner say what time it is."""
        self._append(b"", LifecycleClock().record(at) or b"")

    def take_over(self, plan: Plan, generation: int, at: int, *, in_place: bool) -> None:
        """Let the log say that another plan decides from here on; this one goes on with its own."""
        self.work()
        self._append(KEY, encode(barrier(plan, generation, replaces="", at=at, in_place=in_place)))
        self._done = len(self.records)

    def work(self) -> None:
        """Work off all there is, and what comes of it."""
        while self._done < len(self.records):
            size = self._sizes[self._batches % len(self._sizes)]
            self._batches += 1
            self._process(self.records[self._done : self._done + size])

    def states(self) -> dict[bytes, bytes]:
        return dict(self._store.items())

    def _append(self, key: bytes, value: bytes) -> None:
        offset = len(self.records)
        self.records.append(
            FetchedRecord(key=key or None, value=value, offset=offset, topic=CONTACT_EVENTS.name)
        )

    def _process(self, records: Sequence[FetchedRecord], wanted: Iterable[bytes] = ()) -> None:
        history = {key: [one for one in self.records if one.key == key] for key in wanted} or None
        batch = Batch(
            source=records[0].source,
            records=records,
            store=self._store,
            timers=self._timers,
            next_offset=records[-1].offset + 1,
            history=history,
        )
        self._processor.process(batch)
        self._store.apply(batch.states)
        for output in batch.outputs:
            if output.topic == CONTACT_EVENTS.name:
                self._append(output.key or b"", output.value or b"")
            elif output.topic != DEAD_LETTER.name:
                self.outputs[_contact_of(output)].append(output)
        self._done = batch.next_offset
        if batch.wanted:
            self._process(self.records[self._done : self._done + len(records)], batch.wanted)


def _contact_of(output: Output) -> bytes:
    """Whose change it is; what companies are told is keyed by company."""
    if output.topic != COMPANY_MEMBERS.name:
        return output.key or b""
    contact: str = decode_trusted(output.value or b"")["contact_id"]
    return contact.encode()


def decoded(outputs: Iterable[Output]) -> list[dict[str, Any]]:
    return [decode_trusted(one.value or b"") for one in outputs]
