"""A processor small enough to check by hand: counts each contact's events and tells every fifth.

python -m tests.chaos.counting BOOTSTRAP PREFIX [FOLDER]
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from processors.engine import member
from processors.engine.app import make_app, run
from processors.engine.batch import Output
from processors.engine.recovery import PROGRESS_KEY
from processors.engine.shelf import DiskShelf
from tests.builders.kafka import Committed, create_topics, end_offsets, read_topic
from tests.chaos.crash import PARTITIONS, Verdict

if TYPE_CHECKING:
    from processors.engine.batch import Batch, Clock
    from tests.chaos.crash import Events

SESSION = "COUNTING_SESSION_MS"  # in the environment: how long a worker is not missed
EVERY = 5
CONTACTS = 500
BUG = b"bug"  # a record that the processor has a bug for
PERSONAL = "ann@example.org"  # what an exception may say, and a log must not


class Counting:
    """State: the count and the last offset. Output: contact and count, at each multiple of five."""

    def __init__(self, prefix: str) -> None:
        self.name = prefix
        self.sources: tuple[str, ...] = (f"{prefix}-in",)
        self.changelog: str | None = f"{prefix}-changelog"
        self.outputs: tuple[str, ...] = (f"{prefix}-out",)
        self.clock: Clock | None = None
        self.unlocked = False

    def process(self, batch: Batch) -> None:
        for record in batch.records:
            batch.offset = record.offset
            if record.value == BUG:
                raise RuntimeError(PERSONAL)
            key = record.key or b""
            count, last = json.loads(batch.state(key) or b"[0, -1]")
            if record.offset > last:
                count += 1
                batch.states[key] = json.dumps([count, record.offset]).encode()
                if count % EVERY == 0:
                    batch.outputs.append(Output(self.outputs[0], key, b"%s:%d" % (key, count)))


class CountingSubject:
    """The counting processor on the engine. Makes its topics. `folder`: for local state, none by default."""

    changelog = "changelog"

    def __init__(self, bootstrap: str, prefix: str, folder: Path | None = None) -> None:
        self.source = f"{prefix}-in"
        self._folder = folder
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._changelog = f"{prefix}-{self.changelog}"
        topics = {self.source: {}, f"{prefix}-out": {}, self._changelog: {"cleanup.policy": "compact"}}
        create_topics(bootstrap, PARTITIONS, topics)
        self.progress = Committed(bootstrap, prefix, self.source)

    def command(self, number: int) -> list[str]:
        folder = [] if self._folder is None else [str(self._folder / f"{number}")]
        return [sys.executable, "-m", "tests.chaos.counting", self._bootstrap, self._prefix, *folder]

    def events(self, count: int, seed: int) -> Events:
        chance = Random(seed)  # noqa: S311 - reproducible
        return [(b"c%d" % chance.randrange(CONTACTS), b"%d" % number) for number in range(count)]

    def finished(self) -> bool:
        return self.progress() == end_offsets(self._bootstrap, self.source)

    def judge(self, events: Events) -> Verdict:
        counts = Counter(key for key, _ in events)
        states = {
            row.key: json.loads(row.value or b"")[0]
            for row in read_topic(self._bootstrap, self._changelog)
            if row.key != PROGRESS_KEY
        }
        return judge_counts(
            counts, states, [row.value for row in read_topic(self._bootstrap, f"{self._prefix}-out")]
        )


def judge_counts(counts: Counter[bytes], states: dict[bytes, int], outputs: list[bytes | None]) -> Verdict:
    """Hold outputs and final states against the plain counts."""
    expected = {b"%s:%d" % (key, n) for key, count in counts.items() for n in range(EVERY, count + 1, EVERY)}
    found = Counter(outputs)
    return Verdict(
        expected=len(expected),
        lost=len(expected - found.keys()),
        duplicated=sum(found.values()) - len(found),
        divergent=len(found.keys() - expected) + sum(states.get(key) != n for key, n in counts.items()),
    )


if __name__ == "__main__":
    member.SESSION_MS = int(os.environ.get(SESSION, member.SESSION_MS))
    bootstrap, prefix, *folders = sys.argv[1:]
    shelf = DiskShelf(Path(folders[0]), bootstrap) if folders else None
    run(make_app([Counting(prefix)], bootstrap, shelf=shelf))
