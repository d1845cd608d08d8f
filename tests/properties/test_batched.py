"""A log folded in batches by the compiled back-end is told and kept as by the reference, byte for byte."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.backend import compiled
from processors.lifecycle_files import load_lifecycle
from processors.replay.batched import Batched
from processors.replay.log_files import LogFile, Placed
from processors.replay.replay import Replay
from processors.replay.summary import line_of
from schemas.errors import SchemaError
from schemas.ndjson import parse_line
from tests.builders import both
from tests.builders.story import DAY, HOUR, MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from processors.lifecycle.plan import Plan

    Row = dict[str, Any]
    ReadAs = Callable[[list[bytes]], list[Row]]

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
PLANS = tuple(map(load_lifecycle, ("buyers-journey", "clarity", "full")))
WHO = ("ann", "bob", "eve", "zoë")


def made_up(seed: int, length: int = 80) -> list[bytes]:
    chance, now, lines = Random(seed), MONDAY, []  # noqa: S311 - reproducible
    for number in range(length):
        now += chance.choice((HOUR, 6 * HOUR, 2 * DAY, 20 * DAY))
        row = {"event_id": f"e{number}", "occurred_at": now - chance.choice((0, 0, HOUR, 3 * DAY))}
        lines.append(json.dumps(row | something(chance)).encode())
        if chance.random() < 0.05:
            lines.append(lines[-1])
    return lines


def something(chance: Random) -> Row:
    who, other = chance.sample(WHO, 2)
    visitor = {"anonymous_id": chance.choice(("v", "w"))}
    contact = visitor if chance.random() < 0.3 else {"contact_id": who}
    merge = {"contact_id": who, "into": who, "other": other}
    clock = MONDAY + chance.randrange(900) * DAY
    rare: tuple[Row, ...] = (
        {"type": "contact_identified", "contact_id": who, **visitor},
        {"type": "contacts_merged", **merge},
        {"type": "merge_undone", **merge},
        {"type": "engagement_voided", **contact, "voids": f"e{chance.randrange(80)}", "reason": "bot"},
        {"type": "contact_erased", **contact},
        {"type": "page_view", **contact, "url": "http://[not"},
        {"type": "clock_advanced", "at": clock},
    )
    usual: tuple[Row, ...] = (
        {"type": "page_view", **contact, "url": chance.choice(("/products/a", "/pricing"))},
        {"type": "asset_download", **contact, "asset": "a1", "buying_stage": "consideration", "gated": True},
        {"type": "deal_changed", "contact_id": who, "deal": "d", "amount": 12.5, "currency": "EUR",
         "stage": chance.choice(("proposal", "closed_lost"))},
        {"type": "custom_event", **contact, "name": "quiz", "properties": {"score": chance.randrange(9)}},
        {"type": "handoff_accepted", "contact_id": who, "actor": "sam"},
        {"type": "page_view", **contact, "url": "/late", "received_at": MONDAY},
    )  # fmt: skip
    weights = (3, 2, 2, 2, 0.5, 1, 0.2)
    return chance.choices(rare, weights)[0] if chance.random() < 0.2 else chance.choice(usual)


def events(log: list[bytes]) -> list[Row]:
    return [parse_line(line) | {"position": number} for number, line in enumerate(log, start=1)]


def read(log: list[bytes]) -> list[Row]:
    """The events as a file of them is read, by the compiled intake where it can."""
    with NamedTemporaryFile() as file:
        file.write(b"\n".join(log))
        file.flush()
        return list(LogFile(Path(file.name), "log").events())


def told(
    replay: Replay, log: list[bytes], read_as: ReadAs = events
) -> tuple[list[bytes], list[tuple[str, bytes]], list[int]]:
    """Every change in order, every state, and what is counted."""
    changes, unplaced = [], 0
    for event in read_as(log):
        try:
            changes += [line_of(change) for change in replay.feed(event)]
        except SchemaError:
            unplaced += 1
    changes += [line_of(change) for change in replay.finish(MONDAY + 2_000 * DAY)]
    return changes, list(replay.states()), [unplaced, replay.refused, replay.standing()]


@settings(max_examples=100)
@given(st.sampled_from(PLANS), st.integers(0, 2**32), st.sampled_from((1, 7, 40, 1_000)))
def test_batches_say_what_the_reference_says(plan: Plan, seed: int, most: int) -> None:
    log, ready = made_up(seed), compiled(plan)
    assert ready is not None
    batches = Batched(plan, lambda: events(log), ready, most=most)
    assert told(batches, log) == told(Replay(plan, lambda: events(log)), log)


@pytest.mark.parametrize("most", [1, 7, 40, 1_000])
def test_batches_of_a_file_say_what_the_reference_says(most: int) -> None:
    for seed, plan in enumerate(PLANS * 3):
        log, ready = made_up(seed), compiled(plan)
        assert ready is not None
        batches = Batched(plan, partial(read, log), ready, most=most)
        assert told(batches, log, read) == told(Replay(plan, partial(events, log)), log)


def test_a_line_that_asks_for_two_histories_each_part_of_the_other_comes_to_an_end() -> None:
    log, ready = made_up(46), compiled(PLANS[0])
    assert ready is not None
    in_order = told(Replay(PLANS[0], lambda: events(log)), log)
    assert told(Batched(PLANS[0], lambda: events(log), ready), log) == in_order
    assert len(in_order[0]) > 50


def test_most_events_of_a_file_need_not_be_written_again() -> None:
    found = [event for seed in range(5) for event in read(made_up(seed))]
    assert sum(isinstance(event, Placed) for event in found) > len(found) // 2


def test_the_made_up_logs_move_refuse_and_end_contacts() -> None:
    logs = [made_up(seed) for seed in range(20)]
    found = [told(Replay(PLANS[0], lambda log=log: events(log)), log) for log in logs]  # type: ignore[misc]
    assert sum(len(changes) for changes, _states, _counts in found) > 300
    unplaced, refused, standing = (sum(one) for one in zip(*(counts for *_, counts in found), strict=True))
    known = sum(len(states) for _changes, states, _counts in found)
    assert min(unplaced, refused, known - standing) > 5
