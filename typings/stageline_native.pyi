"""What `processors/native` is to Python, when its wheel is installed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

Form: TypeAlias = Literal["packed", "lines", "outputs", "lived"]
Output: TypeAlias = tuple[str, bytes, bytes, bytes, bytes]
"""Of a change that is published: its record, and the output's key, value, id and time; see `published`."""
Forwarded: TypeAlias = tuple[bytes, bytes]
"""Of an event that is passed on to another contact: key and value of the record of contact-events."""
Row: TypeAlias = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""Key, value and headers of a record."""
Change: TypeAlias = bytes | Output | Forwarded
Done: TypeAlias = tuple[int, str | None, bytes, int | None, list[tuple[int, Change]]]

class NeedsReference(Exception):
    """This back-end does not do it, the reference has to; nothing was changed. The text says why."""

class EncodedBatch:
    """A Kafka record batch of format 2, not compressed, but for what its producer has to say."""

    count: int
    """Of its records."""
    size: int
    """In bytes."""

    def sealed(self, producer: tuple[int, int, int]) -> bytes:
        """Give its bytes, for a producer's id, its epoch, and the number of the first record.

        Works without the interpreter's lock.
        """

def records_of(
    packed: bytes, most: int, count: int, key: bytes
) -> tuple[list[tuple[int, bytes]], bool] | None:
    """Find the records of a key in a block of `count` records that unpacks to `most` bytes at most.

    Gives offset and value of each, and whether the block goes on beyond them; None where it is damaged.
    """

def route(
    outputs: list[Any],
    counts: Mapping[str, int],
    most: int,
    otherwise: Callable[[bytes, int], int],
) -> list[tuple[str, int, list[Row]]]:
    """Group outputs (topic, key, value, headers) by topic and partition, in order.

    `counts`: partitions of each topic. A key goes where Kafka's default partitioner puts it; one of more than
    `most` bytes where `otherwise` says for it and the number of partitions.
    """

def record_batches(
    rows: list[Row],
    most: int,
    time: int,
    transactional: bool,
) -> list[EncodedBatch]:
    """Encode rows as record batches of less than `most` bytes; a larger record is alone in its own.

    `time` of all of them, in ms.
    """

class Reader:
    """Reads records of one schema, given as JSON. Raises NeedsReference for one that it does not read."""

    def __init__(self, schema: str) -> None: ...
    def read(self, raw: bytes, start: int) -> tuple[Any, int] | None:
        """Read the record that starts there; give it and where it ends.

        None where something is odd: the reference then reads it, or says what is wrong.
        """

class Intake:
    """Admits plain events under the rules that `processors.compiled_intake` writes."""

    def __init__(self, rules: str) -> None: ...
    def admit(self, sent: Sequence[tuple[bytes | None, int | None]]) -> list[tuple[bytes, bytes] | None]:
        """Turn what publishers sent, each with its time of arrival (ms, UTC), into records of contact-events.

        Without that time the one that was sent stays, as in a file that is replayed.
        Gives key and value of each, or None where `processors.intake.admit` has to do it. Works without the
        interpreter's lock.
        """

class Plan:
    """A compiled plan.

    It tells changes `packed` (MessagePack), as `lines` like those of `stageline replay`, or as `outputs`; of
    these, one that is no output, or that the reference has to write, comes packed, as bytes. As `lived` it
    tells none: the contacts are as this definition would have had them, whichever told of them.
    """

    lifecycle: str
    """Id and version of the definition: `buyers-journey@1.0.0`."""

    def __init__(self, plan_json: str, surroundings: str, form: Form) -> None:
        """Compile what `plan_to_json` wrote, with what `processors.backend` hands over beside it."""

    def apply(self, state: bytes, event: dict[str, Any]) -> tuple[bytes, list[Change]]:
        """Apply one event; gives the next state, and each change."""

    def advance(self, state: bytes, clock: int) -> tuple[bytes, list[Change]]:
        """Advance the clock (ms); gives the next state, and each change."""

    def run(self, contacts: list[tuple[bytes, list[tuple[int, bytes | None]]]]) -> list[Done]:
        """Do the steps of many contacts, without the interpreter's lock.

        A contact is its state and its steps: offset and bytes of a record of contact-events, or a time of
        the clock and None. Gives for each how many steps were done, why the next one was not (the reference
        has to do it, and the rest can then be asked for again), the state after them, when it is due, and
        each change with its step. A state that cannot be read comes back as it is, with no step done.
        """

    def switch(
        self, old: Plan, contacts: list[tuple[bytes, bytes]], barrier: tuple[int, int, bool]
    ) -> list[tuple[bytes, list[Change], list[Change]] | None]:
        """Take contacts over from another plan at a barrier, without the interpreter's lock.

        A contact is its state under that plan, and under this one; a barrier is its position, its time (ms,
        UTC), and whether it is in place. Gives the state of each, what that plan tells, and then this one;
        None for whom the reference has to do it.
        """

    def replay(
        self,
        asked: dict[str, Any],
        step: Callable[[int, bool, bytes, bytes, int, bytes], tuple[bytes, int, list[Any]]],
        seen: Callable[[int], None],
    ) -> dict[str, Any]:
        """Replay a partition of an archive, without the interpreter's lock.

        Asked for: `paths` of its segments, which start with `header` and have blocks of at most
        `block_bytes`; `clock_offsets` and `clock_times`; `as_of`, `anew`; files for `changes` and `states`,
        or None; `barriers` (position, time, whether in place, the plan that takes over). A state comes as key
        and state, each after its size (4 bytes, big-endian). `step` applies an event of a rare type:
        generation, whether as it lived, key, state, offset and value to the state, refused events and
        outputs (kind, line, move). `seen` hears how many records were read. Contacts that the reference has
        to do are `left`, and nothing is told of them. `companies`: company, rank and stage counted with,
        contacts.
        Raises ValueError for a damaged segment.
        """
