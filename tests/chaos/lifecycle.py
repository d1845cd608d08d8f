"""The crash test on `stageline worker` itself: intake and lifecycle, with timers firing all along.

Two comparisons, with nothing of the engine in either: contact-events must hold exactly the events sent; and
every output and state must be what the core makes of contact-events, read from the first record to the last.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle
from schemas.codec import decode, decode_trusted
from schemas.topics import (
    CONTACT_EVENTS,
    ENGAGEMENT,
    LIFECYCLE_CHANGELOG,
)
from tests.builders.kafka import Committed, end_offsets, read_topic
from tests.chaos.crash import Verdict
from tests.chaos.oracle import PUBLISHED, fold_log

if TYPE_CHECKING:
    from tests.builders.kafka import Row
    from tests.chaos.crash import Events
    from tests.chaos.oracle import Outputs

CYCLES = Path(__file__).with_name("cycles.yaml")
CONTACTS = 400


class LifecycleSubject:
    """Needs a broker of its own, as its topics and groups have fixed names."""

    source = ENGAGEMENT.name

    def __init__(self, bootstrap: str, lifecycle: Path = CYCLES) -> None:
        self._bootstrap = bootstrap
        self._lifecycle = str(lifecycle)
        self._admitted = Committed(bootstrap, "stageline-intake", ENGAGEMENT.name)
        self._decided = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)

    def command(self, number: int) -> list[str]:
        del number
        settings = {"BOOTSTRAP_SERVERS": self._bootstrap, "STAGELINE_LIFECYCLE": self._lifecycle}
        given = [f"{name}={value}" for name, value in settings.items()]
        return ["/usr/bin/env", *given, str(Path(sys.executable).with_name("stageline")), "worker"]

    def events(self, count: int, seed: int) -> Events:
        chance = Random(seed)  # noqa: S311 - reproducible
        return [_event(number, f"c{chance.randrange(CONTACTS)}", chance) for number in range(count)]

    def progress(self) -> dict[str, int]:
        groups = {"admitted": self._admitted(), "decided": self._decided()}
        return {f"{name}-{n}": end for name, ends in groups.items() for n, end in ends.items()}

    def finished(self) -> bool:
        """Everything sent is admitted and decided. Clocks go on coming, so the log's end is never reached."""
        if self._admitted() != end_offsets(self._bootstrap, ENGAGEMENT.name):
            return False
        decided = self._decided()
        return all(
            row.offset < decided[row.partition]
            for row in read_topic(self._bootstrap, CONTACT_EVENTS.name)
            if row.key
        )

    def judge(self, events: Events) -> Verdict:
        rows = list(read_topic(self._bootstrap, CONTACT_EVENTS.name))
        decided = self._decided()
        expected, states = fold_log(
            load_lifecycle(self._lifecycle), (row for row in rows if row.offset < decided[row.partition])
        )
        found = self._outputs()
        missed, doubled = _compare_events(events, rows)
        keys = expected.keys() | found.keys()
        return Verdict(
            expected=sum(map(len, expected.values())),
            lost=missed + sum(max(0, len(expected[key]) - len(found[key])) for key in keys),
            duplicated=doubled + sum(max(0, len(found[key]) - len(expected[key])) for key in keys),
            divergent=sum(expected[key] != found[key] for key in keys) + self._wrong_states(states),
        )

    def _outputs(self) -> Outputs:
        found: Outputs = defaultdict(list)
        for topic in PUBLISHED.values():
            for row in read_topic(self._bootstrap, topic):
                found[topic, row.key].append(decode_trusted(row.value or b""))
        return found

    def _wrong_states(self, states: dict[bytes, bytes]) -> int:
        kept = {row.key: row.value for row in read_topic(self._bootstrap, LIFECYCLE_CHANGELOG.name)}
        return sum(kept.get(key) != state for key, state in states.items())


def _event(number: int, contact: str, chance: Random) -> tuple[bytes, bytes]:
    event = {"event_id": f"e{number}", "contact_id": contact, "occurred_at": int(time.time() * 1000)}
    if chance.random() < 0.02:
        event["type"] = "demo_requested"
    else:
        event |= {"type": "page_view", "url": "https://x.example/a"}
    return contact.encode(), json.dumps(event).encode()


def _compare_events(events: Events, rows: list[Row]) -> tuple[int, int]:
    """Return how many events are missing from contact-events, and how many are too many."""
    sent = Counter((key, decode(value)["event_id"]) for key, value in events)
    admitted = Counter((row.key, decode_trusted(row.value or b"")["event_id"]) for row in rows if row.key)
    return (sent - admitted).total(), (admitted - sent).total()
