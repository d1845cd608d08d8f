"""Holds everything the system wrote against what was sent. The workers must stand still meanwhile."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from processors.engine.recovery import PROGRESS_KEY
from projections.commands import key
from projections.store import connect, live_view
from projections.views.stage_counts import members
from schemas.codec import decode_trusted
from schemas.topics import CONTACT_EVENTS, DEAD_LETTER, LIFECYCLE_CHANGELOG, STAGE_CHANGED
from tests.builders.kafka import Committed, read_topic
from tests.chaos.epochs import written_by_zombies
from tests.chaos.oracle import PUBLISHED, fold_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from processors.lifecycle.plan import Plan
    from projections.store import View
    from tests.builders.kafka import Row
    from tests.chaos.oracle import Outputs, States
    from tests.chaos.system import System
    from tests.chaos.traffic import Traffic

WRITTEN = (CONTACT_EVENTS.name, DEAD_LETTER.name, LIFECYCLE_CHANGELOG.name, *PUBLISHED.values())
SHOWN = 5  # differences told in full


@dataclass(slots=True, kw_only=True)
class Findings:
    """All but `outputs` should be nothing. `lost`, `duplicated` and `zombies` count records."""

    outputs: int = 0
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


def judge(system: System, plan: Plan, traffic: Traffic) -> Findings:
    """Check every invariant."""
    bootstrap = system.bootstrap
    found = Findings(zombies=written_by_zombies(system.broker.folder / "data", frozenset(WRITTEN)))
    log = list(read_topic(bootstrap, CONTACT_EVENTS.name))
    decided = Committed(bootstrap, "stageline-lifecycle", CONTACT_EVENTS.name)()
    _judge_intake(found, traffic, log, read_topic(bootstrap, DEAD_LETTER.name))
    folded = [row for row in log if row.offset < decided[row.partition]]
    found.differ("not decided", (row.key for row in log if row.key and row.offset >= decided[row.partition]))
    outputs = _outputs(bootstrap)
    found.outputs = sum(map(len, outputs.values()))
    expected, _ = fold_log(plan, folded, drop_duplicates=True)
    _judge_outputs(found, expected, outputs)
    _, states = fold_log(plan, folded)
    changelog = {
        (row.partition, row.key): row.value for row in read_topic(bootstrap, LIFECYCLE_CHANGELOG.name)
    }
    _judge_states(found, states, changelog, decided)
    view = live_view(connect(system.redis_url))
    if view is None:
        found.differ("views", ["none is shown"])
    else:
        _judge_view(found, view, outputs)
    return found


def _judge_intake(found: Findings, traffic: Traffic, log: list[Row], letters: Iterable[Row]) -> None:
    admitted = Counter((row.key, decode_trusted(row.value or b"")["event_id"]) for row in log if row.key)
    found.count("event", traffic.sent, admitted)
    refused = Counter(row.value or b"" for row in letters if row.headers["stageline-stage"] == b"intake")
    found.count("poison", traffic.refused, refused)


def _outputs(bootstrap: str) -> Outputs:
    found: Outputs = defaultdict(list)
    for topic in PUBLISHED.values():
        for row in read_topic(bootstrap, topic):
            found[topic, row.key].append(decode_trusted(row.value or b""))
    return found


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


def _judge_view(found: Findings, view: View, outputs: Outputs) -> None:
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
    contacts = {contact.decode() for _, contact in outputs}
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
