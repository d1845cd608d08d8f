"""`scripts/bench core`: what the reference back-end costs, by part: CPU time for each decoded event.

The digests say whether a change to the core kept its decisions and its bytes.
"""

from __future__ import annotations

import gc
import json
import time
from collections import deque
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import click

from processors import lifecycle
from processors.intake import place_normal
from processors.lifecycle.program import program_of
from processors.lifecycle.timers import next_due
from processors.lifecycle_files import load_lifecycle
from processors.replay.summary import line_of
from schemas.ndjson import parse_line
from tests.bench.generate import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from processors.lifecycle import Contact
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Contacts = dict[str, Contact]

SAMPLE = 20_000  # events and contacts for the parts that are measured one call at a time
FIFTEEN_RULES = "tests/bench/fifteen_rules.yaml"


@click.command()
@click.option("--lifecycle", "name", default=FIFTEEN_RULES, show_default=True, help="File or preset.")
@click.option("--events", default=100_000, show_default=True)
@click.option("--contacts", default=10_000, show_default=True)
@click.option("--seed", default=7, show_default=True)
def core(name: str, events: int, contacts: int, seed: int) -> None:
    """Fold a made-up year, in log order and grouped by contact; one line of JSON, µs of CPU time."""
    plan = load_lifecycle(name)
    log, changes = _recorded(plan, events, contacts, seed)
    by_contact = sorted(log, key=lambda one: one["contact_id"])
    folded: Contacts = {}
    found = {
        "lifecycle": name,
        "rules": len(plan.rules),
        "events": len(log),
        "fold_us": _micros(len(log), lambda: _fold(plan, folded, log)),
        "fold_grouped_us": _micros(len(log), lambda: _fold(plan, {}, by_contact)),
        **_by_what_they_tell(plan, log),
        **_around(plan, folded, log),
        "changes": len(changes),
        "changes_sha256": sha256(b"".join(map(line_of, changes))).hexdigest(),
        "states_sha256": _states_digest(plan, folded),
    }
    click.echo(json.dumps(found))


def _recorded(plan: Plan, events: int, contacts: int, seed: int) -> tuple[list[Event], list[Event]]:
    """Events as a worker meets them, with what contacts pass on to each other, and all that they lead to."""
    log: list[Event] = []
    changes: list[Event] = []
    known: Contacts = {}
    for row in rows(events, contacts, seed):
        queue = deque(place_normal(parse_line(json.dumps(row))))
        while queue:
            event = {**queue.popleft(), "position": len(log)}
            if event["contact_id"] is None:
                continue
            log.append(event)
            for change in _fold(plan, known, (event,)):
                if change["record"] == "history_transferred":
                    queue.append(change)
                elif change["record"] == "event_forwarded":
                    queue.append(change["event"])
                else:
                    changes.append(change)
    return log, changes


def _fold(plan: Plan, contacts: Contacts, log: Iterable[Event]) -> list[Event]:
    told: list[Event] = []
    fold, load = lifecycle.fold, lifecycle.load
    for event in log:
        contact = contacts.get(event["contact_id"])
        if contact is None:
            contact = contacts[event["contact_id"]] = load(plan, b"")
        told += fold(plan, contact, event)
    return told


def _by_what_they_tell(plan: Plan, log: list[Event]) -> dict[str, float]:
    """Tell events that change nothing from those that do; what reading the clock costs is taken off."""
    contacts: Contacts = {}
    quiet, telling, told = 0.0, 0.0, 0
    gc.collect()
    gc.disable()
    before = time.process_time()
    for event in log:
        changes = len(_fold(plan, contacts, (event,)))
        after = time.process_time()
        if changes:
            telling, told = telling + after - before, told + 1
        else:
            quiet += after - before
        before = after
    gc.enable()
    clock = _micros(len(log), lambda: [time.process_time() for _ in log])
    return {
        "no_change_us": round(quiet / (len(log) - told) * 1e6 - clock, 1),
        "change_us": round(telling / told * 1e6 - clock, 1),
        "events_with_change": told,
    }


def _around(plan: Plan, contacts: Contacts, log: list[Event]) -> dict[str, float]:
    """Measure what is done beside folding. `apply`: state to state, as a contact's only event of a batch."""
    known = list(contacts.values())[:SAMPLE]
    states = [lifecycle.dump(plan, contact) for contact in known]
    program = program_of(plan)
    sample = log[:SAMPLE]
    return {
        "load_us": _micros(len(known), lambda: [lifecycle.load(plan, state) for state in states]),
        "dump_us": _micros(len(known), lambda: [lifecycle.dump(plan, contact) for contact in known]),
        "next_due_us": _micros(len(known), lambda: [next_due(program, one, one.clock) for one in known]),
        "apply_us": _micros(len(sample), lambda: _apply(plan, sample)),
        "state_bytes": round(sum(map(len, states)) / len(states)),
    }


def _apply(plan: Plan, log: list[Event]) -> None:
    states: dict[str, bytes] = {}
    for event in log:
        name = event["contact_id"]
        states[name], _changes = lifecycle.apply(plan, states.get(name, b""), event)


def _micros(count: int, work: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()  # as timeit does: a full collection would count for whichever part it happens to meet
    started = time.process_time()
    work()
    spent = time.process_time() - started
    gc.enable()
    return round(spent / count * 1e6, 1)


def _states_digest(plan: Plan, contacts: Contacts) -> str:
    digest = sha256()
    for name in sorted(contacts):
        digest.update(lifecycle.dump(plan, contacts[name]))
    return digest.hexdigest()
