"""The plain folds of a log that changes its criteria come to what replay comes to."""

from __future__ import annotations

from collections import defaultdict
from random import Random

from processors.engine.lifecycle import LifecycleClock
from processors.engine.transaction import partition_of
from processors.lifecycle_files import load_lifecycle
from processors.promotion.barrier import barrier
from processors.replay.replay import Replay
from schemas.codec import decode_trusted, encode
from tests.builders.kafka import Row
from tests.builders.story import DAY, HOUR, MONDAY, event
from tests.chaos.oracle import PUBLISHED
from tests.chaos.promoted import fold_promoted

PARTITIONS = 3
BEFORE, AFTER = load_lifecycle("buyers-journey"), load_lifecycle("clarity")
URLS = ("/products/a", "/pricing", "/services/y")


def made_up() -> list[Row]:
    """A log whose partitions change their criteria at different places; in the last one they never do."""
    chance, rows, now = Random(3), [], MONDAY  # noqa: S311 - reproducible
    ends: defaultdict[int, int] = defaultdict(int)

    def add(partition: int, key: bytes, value: bytes) -> None:
        rows.append(Row(partition, ends[partition], key, value, {}))
        ends[partition] += 1

    for number in range(900):
        now += chance.choice((HOUR, 6 * HOUR, DAY))
        if number in {400, 500}:
            record = barrier(AFTER, 2, replaces=BEFORE.plan_hash, at=now, in_place=False)
            add(number // 100 - 4, b"", encode(record))
        elif chance.random() < 0.1:
            add(chance.randrange(PARTITIONS), b"", LifecycleClock().record(now) or b"")
        else:
            key = f"c{chance.randrange(30)}"
            type_, fields = chance.choice((
                ("page_view", {"url": chance.choice(URLS)}), ("page_view", {"url": chance.choice(URLS)}),
                ("form_submitted", {"form": "demo"}),
                ("handoff_rejected", {"handoff": None, "actor": "sam", "reason": "not now"}),
            ))  # fmt: skip
            told = event(type_, now, contact_id=key, event_id=f"e{number}", **fields)
            add(partition_of(key.encode(), PARTITIONS), key.encode(), encode(told))
    return rows


def test_each_partition_is_told_under_what_decided_there() -> None:
    rows = made_up()
    log = [
        decode_trusted(row.value or b"") | {"position": row.offset, "partition": row.partition}
        for row in rows
    ]
    replay = Replay(
        BEFORE, lambda: log, recorded=True, home=lambda contact: partition_of(contact.encode(), PARTITIONS)
    )
    expected = defaultdict(list)
    for one in log:
        for change in replay.feed(one):
            expected[PUBLISHED[change["record"]], change["contact_id"].encode()].append(change)
    found = fold_promoted(BEFORE, AFTER, rows)
    assert {place: changes for place, changes in found.items() if changes} == expected
    switched = [one for all_ in found.values() for one in all_ if one["cause"]["criteria_change"]]
    assert {one.get("action") for one in switched} >= {None, "withdrawn"}
    after = {one["lifecycle"].split("@")[0] for all_ in found.values() for one in all_}
    assert after == {BEFORE.id, AFTER.id}
