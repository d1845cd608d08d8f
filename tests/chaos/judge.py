"""Holds everything the system wrote against what was sent. The workers must stand still meanwhile."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from processors.engine.recovery import PROGRESS_KEY
from processors.lifecycle import load
from projections.commands import key
from projections.store import connect, live_view
from projections.views.stage_counts import members
from schemas.codec import decode_trusted
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS, DEAD_LETTER, LIFECYCLE_CHANGELOG, STAGE_CHANGED
from tests.builders.erasures import Ledger, is_about_keys
from tests.builders.kafka import Committed, Reader, read_topic
from tests.chaos.epochs import written_by_zombies
from tests.chaos.oracle import PUBLISHED, Oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from processors.lifecycle.plan import Plan
    from projections.store import View
    from tests.builders.kafka import Row
    from tests.chaos.oracle import Outputs, States
    from tests.chaos.system import System
    from tests.chaos.traffic import Traffic

WRITTEN = (
    CONTACT_EVENTS.name,
    CONTACT_KEYS.name,
    DEAD_LETTER.name,
    LIFECYCLE_CHANGELOG.name,
    *PUBLISHED.values(),
)
SHOWN = 5  # differences told in full


@dataclass(slots=True, kw_only=True)
class Findings:
    """All but `outputs` and `erased` (contacts) should be nothing.

    `lost`, `duplicated` and `zombies` count records.
    """

    outputs: int = 0
    erased: int = 0
    lost: int = 0
    duplicated: int = 0
    divergent: int = 0
    zombies: int = 0
    examples: list[str] = field(default_factory=list)

    def differ(self, what: str, keys: Iterable[object]) -> None:
        found = sorted(map(str, keys))
        self.divergent += len(found)
        self.examples += [f"{what}: {key}" for key in found[:SHOWN]]

    def count(self, what: str, expected: Counter[Any], found: Counter[Any]) -> None:
        self.lost += (expected - found).total()
        self.duplicated += (found - expected).total()
        self.examples += [f"{what} lost: {one!r:.200}" for one in list(expected - found)[:SHOWN]]
        self.examples += [f"{what} too many: {one!r:.200}" for one in list(found - expected)[:SHOWN]]


class Judge:
    """Checks every invariant, again and again: what was read and folded once is not read again."""

    def __init__(self, system: System, plan: Plan, traffic: Traffic) -> None:
        self._system = system
        self._traffic = traffic
        self._plan = plan
        self._log, self._letters = (
            Reader(system.bootstrap, CONTACT_EVENTS.name),
            Reader(system.bootstrap, DEAD_LETTER.name),
        )
        self._keys = Reader(system.bootstrap, CONTACT_KEYS.name)
        self._published = [Reader(system.bootstrap, topic) for topic in PUBLISHED.values()]
        self._decided = Committed(system.bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)
        self._admitted: Counter[tuple[bytes, str]] = Counter()
        self._refused: Counter[bytes] = Counter()
        self._refused_later: Counter[tuple[int, int]] = Counter()
        self._about_keys: list[dict[str, Any]] = []  # events
        self._key_rows: list[tuple[bytes, bytes | None]] = []
        self._undecided: list[Row] = []
        self._outputs: Outputs = defaultdict(list)
        self._expected = Oracle(plan, drop_duplicates=True)
        self._folded = Oracle(plan, drop_duplicates=False)

    def check(self) -> Findings:
        """Hold everything that was written so far against what was sent so far."""
        data = self._system.broker.folder / "data"
        found = Findings(zombies=written_by_zombies(data, frozenset(WRITTEN)))
        decided = self._decided()
        self._read(decided)
        found.count("event", self._traffic.sent + self._folded.passed_on, self._admitted)
        found.count("poison", self._traffic.refused, self._refused)
        found.count("refusal", self._folded.refused, self._refused_later)
        found.differ("not decided", (row.key for row in self._undecided if row.key))
        found.outputs = sum(map(len, self._outputs.values()))
        _judge_outputs(found, self._expected.outputs, self._outputs)
        changelog = read_topic(self._system.bootstrap, LIFECYCLE_CHANGELOG.name)
        newest = {(row.partition, row.key): row.value for row in changelog}
        _judge_states(found, self._folded.states, newest, decided)
        contacts = {name.decode(): load(self._plan, state) for name, state in self._folded.states.items()}
        found.differ("keys", Ledger(self._about_keys, self._key_rows, contacts).amiss())
        erased = {name for name, one in contacts.items() if one.erased}
        found.erased = len(erased)
        view = live_view(connect(self._system.redis_url))
        if view is None:
            found.differ("views", ["none is shown"])
        else:
            _judge_view(found, view, self._outputs, erased)
        return found

    def _read(self, decided: Mapping[int, int]) -> None:
        """Take in what has been written since the last time."""
        rows = list(self._log.new_rows())
        self._admitted.update(
            (row.key, decode_trusted(row.value or b"")["event_id"]) for row in rows if row.key
        )
        for row in self._letters.new_rows():
            if row.headers["stageline-stage"] == b"intake":
                self._refused[row.value or b""] += 1
            else:
                self._refused_later[_number(row, "partition"), _number(row, "offset")] += 1
        events = (decode_trusted(row.value or b"") | {"position": row.offset} for row in rows)
        self._about_keys += filter(is_about_keys, events)
        self._key_rows += [(row.key, row.value) for row in self._keys.new_rows()]
        self._undecided += rows
        folded = [row for row in self._undecided if row.offset < decided[row.partition]]
        self._undecided = [row for row in self._undecided if row.offset >= decided[row.partition]]
        self._expected.take(folded)
        self._folded.take(folded)
        for reader in self._published:
            for row in reader.new_rows():
                self._outputs[reader.topic, row.key].append(decode_trusted(row.value or b""))


def _number(letter: Row, which: str) -> int:
    return int(letter.headers[f"stageline-{which}"])


def _judge_outputs(found: Findings, expected: Outputs, outputs: Outputs) -> None:
    found.count("output", _counted(expected), _counted(outputs))
    keys = expected.keys() | outputs.keys()
    found.differ("outputs", (one for one in keys if expected.get(one) != outputs.get(one)))
    found.differ("order", (one for one, changes in outputs.items() if not _is_chain(changes)))


def _counted(outputs: Outputs) -> Counter[tuple[str, bytes, int]]:
    return Counter((*place, change["sequence"]) for place, changes in outputs.items() for change in changes)


def _is_chain(changes: list[dict[str, Any]]) -> bool:
    """Sequences without a gap; on each track and segment every change begins where the last one ended."""
    if [change["sequence"] for change in changes] != list(range(1, len(changes) + 1)):
        return False
    chains: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for change in changes:
        chains[str(change.get("track") or change.get("segment"))].append(change)
    moves = (pair for chain in chains.values() for pair in pairwise(chain) if "from" in pair[0])
    return all(one["to"] == other["from"] for one, other in moves)


def _judge_states(
    found: Findings,
    states: States,
    changelog: Mapping[tuple[int, bytes], bytes | None],
    decided: Mapping[int, int],
) -> None:
    kept = {name: value for (_, name), value in changelog.items() if name != PROGRESS_KEY}
    found.differ("state", (one for one in states.keys() | kept.keys() if states.get(one) != kept.get(one)))
    progress = {n: int((changelog.get((n, PROGRESS_KEY)) or b"0").split()[0]) for n in decided}
    found.differ("offset and state", (n for n in decided if decided[n] != progress[n]))


def _judge_view(found: Findings, view: View, outputs: Outputs, erased: set[str]) -> None:
    """Compare stages, contacts and history in Redis with the last outputs of each contact."""
    if held := view.held():
        found.differ("views", [f"{held} changes wait for others"])
    last = {
        (change["track"], change["contact_id"]): change["to"]
        for (topic, _), changes in outputs.items()
        for change in changes
        if topic == STAGE_CHANGED.name
    }
    stages: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (track, contact), stage in last.items():
        stages[track, stage].add(contact)
    passed = {
        (change["track"], stage)
        for (topic, _), changes in outputs.items()
        if topic == STAGE_CHANGED.name
        for change in changes
        for stage in (change["from"], change["to"])
        if stage is not None
    }
    wrong = (place for place in passed if _members(view, *place) != stages.get(place, set()))
    found.differ("stage in Redis", wrong)
    contacts = {contact.decode() for _, contact in outputs} - erased
    (shown,) = view.ask(("ZRANGE", key("contacts"), "0", "-1"))
    found.differ("contact in Redis", contacts ^ set(shown))
    found.differ("place in Redis", _misplaced(view.ask, last))


def _members(view: View, track: str, stage: str) -> set[str]:
    (contacts,) = view.ask(("ZRANGE", members(track, stage), "0", "-1"))
    return set(contacts)


def _misplaced(
    ask: Callable[..., list[Any]], last: Mapping[tuple[str, str], str | None]
) -> Iterator[tuple[str, str]]:
    for (track, contact), stage in last.items():
        (said,) = ask(("HGET", key("contact", contact), f"stage:{track}"))
        if (json.loads(said)["id"] if said else None) != stage:
            yield track, contact
