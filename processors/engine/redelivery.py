"""Replays dead letters: each original record and the mark that it was replayed, in one transaction.

One transactional id serves every replay. Starting its producer settles and fences a replay that was cut short
or still runs; only after that are the marks read. So no letter is replayed twice by accident, whatever is
killed when and however many people replay at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from processors.dead_letters.letter import mark
from processors.engine.fencing import only_writer
from schemas.errors import LifecycleError
from schemas.topics import COMPANY_MEMBERS, CONTACT_EVENTS, DEAD_LETTER, ENGAGEMENT, HANDOFF_RESPONSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from processors.dead_letters.letter import Letter
    from processors.engine.fencing import Ownership
    from processors.engine.transaction import Rows

TRANSACTIONAL_ID = "stageline-dlt-replay"
WRITTEN_TO = (DEAD_LETTER, ENGAGEMENT, HANDOFF_RESPONSE, CONTACT_EVENTS, COMPANY_MEMBERS)
TOPICS = [topic.name for topic in WRITTEN_TO]
TAKEN_OVER = (
    "Another replay has started and taken over. `stageline dlt list --state open` shows what is left."
)
LETTERS_AT_ONCE = 500  # a transaction then takes well under a second of the eight it may
BYTES_AT_ONCE = 4 << 20


async def redeliver(
    bootstrap: str, choose: Callable[[], Iterable[Letter]], replayed: Callable[[Letter], None]
) -> None:
    """Put the letters' original records at the end of their partitions again, and mark the letters.

    `choose` is called once older replays are settled, and reads the marks. `replayed` is told of each letter
    once it is committed. Raises LifecycleError when a topic is gone or another replay takes over.
    """
    async with only_writer(bootstrap, TRANSACTIONAL_ID, TOPICS, TAKEN_OVER) as ownership:
        for letters in _portions(choose()):
            await _check_targets(ownership, letters)
            await ownership.commit(_rows(letters), {})
            for letter in letters:
                replayed(letter)


def _rows(letters: Iterable[Letter]) -> Rows:
    rows: Rows = {}
    for letter in letters:
        target = TopicPartition(letter.topic, letter.partition)
        rows.setdefault(target, []).append((letter.key, letter.value, list(letter.headers)))
        marks = TopicPartition(DEAD_LETTER.name, letter.id.partition)
        rows.setdefault(marks, []).append((None, None, mark(letter.id)))
    return rows


async def _check_targets(ownership: Ownership, letters: Iterable[Letter]) -> None:
    """Check that each original partition is still there, before a transaction waits for it in vain."""
    known = await ownership.partitions({letter.topic for letter in letters})
    for letter in letters:
        if TopicPartition(letter.topic, letter.partition) not in known:
            raise LifecycleError(
                f"Letter {letter.id} came from {letter.topic}, partition {letter.partition}, which is not"
                " there any more. Create it, or leave that letter out. Nothing from it on was replayed."
            )


def _portions(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    portion: list[Letter] = []
    size = 0
    for letter in letters:
        if portion and (len(portion) == LETTERS_AT_ONCE or size + letter.size > BYTES_AT_ONCE):
            yield portion
            portion, size = [], 0
        portion.append(letter)
        size += letter.size
    if portion:
        yield portion
