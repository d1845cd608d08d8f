"""A lifecycle worker over several partitions in memory: batches, histories, barriers as in the engine.

Deterministic, without Kafka: what contacts pass on is appended to the log of its partition, like all else.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from processors.engine.batch import Batch, Lived
from processors.engine.place import BEGINNING
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers
from processors.engine.transaction import partition_of
from schemas.codec import decode_trusted, encode
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS, DEAD_LETTER
from tests.builders.records import FetchedRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processors.engine.batch import Crossing, History, Output, Processor

    Event = dict[str, Any]


class Partition:
    """One partition: its records, what the processor made of them, how far the group is (`written`)."""

    def __init__(self) -> None:
        self.records: list[FetchedRecord] = []
        self.store, self.timers = MemoryStore(), Timers()
        self.place = self.written = BEGINNING
        self.rules: FetchedRecord | None = None
        self.lived: Lived | None = None
        self.history: History | None = None


class Partitions:
    """`log` is every record in the order it was written, decoded, as an archive would give it."""

    def __init__(self, processor: Processor, count: int) -> None:
        self.processor = processor
        self.parts = [Partition() for _ in range(count)]
        self.log: list[Event] = []
        self.told: dict[tuple[str, bytes], list[Any]] = defaultdict(list)
        self.letters: list[Output] = []

    def home(self, contact_id: str) -> int:
        return partition_of(contact_id.encode(), len(self.parts))

    def append(self, event: Event, partition: int | None = None) -> None:
        key = (event["contact_id"] or "").encode()
        number = self.home(event["contact_id"]) if partition is None else partition
        self._write(number, key, encode(event))

    def everywhere(self, event: Event) -> None:
        for number in range(len(self.parts)):
            self.append(event, number)

    def _write(self, number: int, key: bytes, value: bytes) -> None:
        records = self.parts[number].records
        record = FetchedRecord(
            key=key, value=value, offset=len(records), topic=CONTACT_EVENTS.name, partition=number
        )
        records.append(record)
        self.log.append(decode_trusted(value) | {"position": record.offset, "partition": number})

    def run(self, most: int = 7) -> None:
        """Process everything, in batches of at most so many records, until nothing is left."""
        busy = True
        while busy:
            done = [self.step(number, most) for number in range(len(self.parts))]
            busy = any(done)

    def step(self, number: int, most: int) -> bool:
        """Process and commit one batch; False if there was nothing to do."""
        part = self.parts[number]
        records = part.records[part.place.offset : part.place.offset + most]
        if not records:
            return False
        records = [one for one in records if one.offset < part.written.offset] or records
        batch = self._process(self.processor, part, records)
        for output in part.place.outputs(batch, part.written):
            self._send(output)
        part.place = part.place.after(batch)
        part.written = max(part.written, part.place)
        if batch.passed is not None:
            part.rules, part.lived = records[0], None
        if batch.crossing is not None:
            part.lived = self._cross(part, batch.crossing, records[0].offset)
        return True

    def restart(self, number: int) -> None:
        """Lose what a process has in memory, keep what it has committed."""
        part, clock = self.parts[number], self.processor.clock
        part.lived, part.history, part.timers = None, None, Timers()
        for key, state in part.store.items():
            part.timers.set(key, None if clock is None else clock.next_due(state))

    def lose(self, number: int) -> None:
        """Lose the changelog, too: everything has to be folded again."""
        part = self.parts[number]
        part.store, part.rules, part.place = MemoryStore(), None, BEGINNING
        self.restart(number)

    def states(self) -> dict[bytes, bytes]:
        return {key: state for part in self.parts for key, state in part.store.items()}

    def _process(self, processor: Processor, part: Partition, records: Sequence[FetchedRecord]) -> Batch:
        batch = Batch(
            source=records[0].source,
            records=records,
            store=part.store,
            timers=part.timers,
            next_offset=records[-1].offset + 1,
            history=part.history,
            rules=None if part.rules is None else part.rules.value,
            lived=part.lived,
        )
        processor.process(batch)
        part.store.apply(batch.states)
        part.history = self._history(batch.wanted) if batch.wanted else None
        return batch

    def _history(self, keys: Sequence[bytes]) -> History:
        homes = {key: self.parts[partition_of(key, len(self.parts))].records for key in keys}
        return {key: [one for one in home if one.key in {key, b""}] for key, home in homes.items()}

    def _cross(self, part: Partition, crossing: Crossing, end: int) -> Lived:
        states = part.store if crossing.living is None else self._live(part, crossing.living, end)
        keys = {key for key, _ in states.items()} | {key for key, _ in part.store.items()}
        left = [key for key in keys if not crossing.has_gone_over(part.store.get(key) or b"")]
        return Lived(states=states, left=deque(sorted(left)))

    def _live(self, part: Partition, living: Processor, end: int) -> MemoryStore:
        other = Partition()
        while other.place.offset < end:
            records = part.records[other.place.offset : end]
            other.place = other.place.after(self._process(living, other, records))
        return other.store

    def _send(self, output: Output) -> None:
        key, value = output.key or b"", output.value or b""
        if output.topic == CONTACT_EVENTS.name:
            self._write(partition_of(key, len(self.parts)), key, value)
        elif output.topic == DEAD_LETTER.name:
            self.letters.append(output)
        elif output.topic != CONTACT_KEYS.name:
            self.told[output.topic, key].append(decode_trusted(value))
