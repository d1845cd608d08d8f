"""Contacts folded one at a time from an archive come to what the live run made of them, byte for byte."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.engine.outputs import to_output
from processors.lifecycle_files import load_lifecycle
from processors.replay.by_contact import ByContact
from processors.replay.replay import OUTPUTS, Replay
from processors.replay.summary import Summary
from schemas.codec import decode_trusted
from tests.builders.archives import Topic
from tests.builders.live import Live, decoded
from tests.builders.story import DAY, HOUR, MONDAY

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from processors.archive.folder import Archive
    from processors.engine.batch import Output
    from processors.lifecycle.plan import Plan

PLANS = tuple(map(load_lifecycle, ("buyers-journey", "clarity", "full")))
Total = tuple[int, "dict[str, Counter[str]]"]
"""The digest, and what companies' contacts count with."""
WHO = ("ann", "bob", "eve")
VISITORS = ("v", "w")


def tell_something(live: Live, chance: Random, at: int) -> None:
    who, other = chance.sample(WHO, 2)
    visitor = chance.choice(VISITORS)
    contact: dict[str, Any] = {"contact_id": who}
    if chance.random() < 0.3:
        contact = {"contact_id": None, "anonymous_id": visitor}
    contact["company_id"] = chance.choice((None, "acme", "globex"))
    match chance.randrange(11):
        case 0:
            live.tell("contact_identified", at, contact_id=who, anonymous_id=visitor)
        case 1:
            live.tell("contacts_merged", at, contact_id=who, into=who, other=other)
        case 2:
            live.tell("merge_undone", at, contact_id=who, into=who, other=other)
        case 3:
            voids = f"e{chance.randrange(1, 60)}"
            live.tell("engagement_voided", at, **contact, voids=voids, reason="bot")
        case 4:
            live.tell("demo_requested", at, **contact)
        case 5:
            live.tell("handoff_accepted", at, contact_id=who, handoff=None, actor="sam")
        case _:
            live.tell("page_view", at, **contact, url=chance.choice(("/products/a", "/pricing")))


def tell_of_sales(live: Live, chance: Random, at: int) -> None:
    who = chance.choice(WHO)
    match chance.randrange(4):
        case 0:
            live.tell("handoff_rejected", at, contact_id=who, handoff=None, actor="sam", reason="no")
        case 1:
            stage = chance.choice(("proposal", "closed_won", "closed_lost"))
            live.tell("deal_changed", at, contact_id=who, deal="D", stage=stage)
        case 2:
            held = {"stage": chance.choice(("mql", None)), "until": chance.choice((None, at + 9 * DAY))}
            why = {"kind": "floor", "actor": "sam", "reason": "known to us"}
            live.tell("stage_overridden", at, contact_id=who, track="main", **held, **why)
        case _:
            tell_something(live, chance, at)


def made_up(
    plan: Plan, seed: int, sizes: Sequence[int], length: int = 60, *, takeovers: Sequence[Plan] = ()
) -> Live:
    """A log whose clock goes on, and sometimes back a little, while events come late and early.

    Of the plans that take over, one that can do so in place does; sales has its say then, too.
    """
    chance, live, now = Random(seed), Live(plan, sizes), MONDAY  # noqa: S311 - reproducible
    at = sorted(chance.sample(range(length), len(takeovers)))
    for number in range(length):
        now += chance.choice((HOUR, 6 * HOUR, 2 * DAY, 20 * DAY))
        for generation, new in enumerate(takeovers, start=2):
            if at[generation - 2] == number:
                in_place, plan = plan.shape_hash == new.shape_hash, new
                live.take_over(new, generation, now, in_place=in_place)
                if chance.random() < 0.5:  # said again: it changes nothing
                    live.take_over(new, generation, now, in_place=in_place)
        if chance.random() < 0.25:
            live.clock(now - chance.choice((0, 0, 0, DAY)))
        else:
            tell = chance.choice((tell_something, tell_of_sales)) if takeovers else tell_something
            tell(live, chance, now - chance.choice((0, 0, HOUR, 3 * DAY)))
        if chance.random() < 0.5:
            live.work()
    live.work()
    return live


def archived(live: Live, root: Path, pieces: int) -> Archive:
    topic = Topic(root, partitions=1)
    for record in live.records:
        topic.add(record.key or b"", record.value or b"", partition=0)
    return topic.archive(pieces)


@settings(max_examples=60)  # each works off a log of 80 records three times
@given(
    st.sampled_from(PLANS),
    st.integers(0, 2**32),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.integers(1, 3),
)
def test_every_change_and_state_is_that_of_the_live_run(
    plan: Plan, seed: int, sizes: list[int], pieces: int
) -> None:
    check_as_in_the_live_run(plan, seed, sizes, pieces)


def check_as_in_the_live_run(plan: Plan, seed: int, sizes: Sequence[int], pieces: int) -> None:
    live = made_up(plan, seed, sizes)
    with TemporaryDirectory() as folder:
        fold = ByContact(plan, archived(live, Path(folder), pieces))
        outputs, states, grouped = replayed(fold)
    assert outputs == dict(live.outputs)
    assert states == live.states()
    for told in map(decoded, outputs.values()):
        for record in OUTPUTS:
            sequence = [one["sequence"] for one in told if one["record"] == record]
            assert sequence == list(range(1, len(sequence) + 1))
    assert grouped == in_log_order(plan, live)


def replayed(fold: ByContact) -> tuple[dict[bytes, list[Output]], dict[bytes, bytes], Total]:
    outputs: dict[bytes, list[Output]] = {}
    states: dict[bytes, bytes] = {}
    summary = Summary()
    for key, own in groupby(fold.archive.records(0), key=attrgetter("key")):
        changes: list[dict[str, Any]] = []
        if key:
            states[key] = fold.fold(key, own, changes.append).state()
        told = [one for one in changes if one["record"] in OUTPUTS]
        for change in told:
            summary.add(change)
        if told:
            outputs[key] = [to_output(one) for one in told]
    summary.settle()
    return outputs, states, (summary.tally.digest, summary.tally.companies)


def in_log_order(plan: Plan, live: Live) -> Total:
    def log() -> list[dict[str, Any]]:
        return [decode_trusted(one.value or b"") | {"position": one.offset} for one in live.records]

    replay, summary = Replay(plan, log, recorded=True), Summary()
    for event in log():
        for change in replay.feed(event):
            summary.add(change)
    summary.settle()
    return summary.tally.digest, summary.tally.companies


def test_the_made_up_logs_hold_what_they_are_for() -> None:
    lives = [made_up(PLANS[0], seed, (3,)) for seed in range(40)]
    types = {decode_trusted(one.value or b"")["type"] for live in lives for one in live.records}
    assert {"history_transferred", "clock_advanced", "merge_undone"} <= types
    assert sum(len(found) for live in lives for found in live.outputs.values()) > 500


def test_what_is_left_of_an_erased_contact_says_nothing_and_all_others_are_as_before() -> None:
    live = made_up(PLANS[0], 3, (3,))
    before = set(live.outputs)
    live.tell("contact_erased", MONDAY + 4_000 * DAY, contact_id="eve")
    live.work()
    with TemporaryDirectory() as folder:
        fold = ByContact(PLANS[0], archived(live, Path(folder), 2))
        outputs, states, _ = replayed(fold)
    gone = {key for key in before if key not in outputs}
    assert b"eve" in gone
    of_contacts = {
        key: told for key, told in live.outputs.items() if b"\0" not in key
    }  # not of keys shredded
    assert outputs == {key: told for key, told in of_contacts.items() if key not in gone}
    assert len(outputs) >= 1
    assert {key: states[key] for key in outputs} == {key: live.states()[key] for key in outputs}
