"""A made-up year straight into an archive: the same events for the same numbers, over all cores."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import lru_cache
from itertools import islice, repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from processors.archive.folder import make_archive
from processors.archive.manifest import About, Manifest, save_manifest
from processors.archive.segments import write_segment
from processors.compiled_intake import compiled_intake
from processors.identity import key_of, place
from processors.promotion.barrier import KEY, barrier
from processors.replay.pool import processors
from schemas.archived import Archived
from schemas.codec import encode
from schemas.events import NEWEST, field_type
from schemas.topics import CONTACT_EVENTS
from tests.bench.generate import KINDS, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from processors.archive.manifest import Segment
    from processors.lifecycle.plan import Plan

    Row = dict[str, Any]

CHUNK = 250_000  # events that one process holds
OFFSETS = 3  # an identification is told to two contacts at most, and one event follows the barrier
DEFAULTS = {
    kind: {one["name"]: field_type(one).default for one in NEWEST[kind].schema["fields"]} for kind in KINDS
}


def make(root: Path, events: int, contacts: int, partitions: int, takeover: Plan | None = None) -> None:
    """Write an archive of so many events. Parts of the year are generated alone, each with its seed.

    `takeover`: the plan that takes over, from history, in the middle of the log.
    """
    archive = make_archive(root, About(topic=CONTACT_EVENTS.name, partitions=partitions))
    starts = range(0, events, CHUNK)
    given = [
        (root, start, min(CHUNK, events - start), events, contacts, partitions, takeover) for start in starts
    ]
    with ProcessPoolExecutor(processors(), mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_chunk, given))
    for partition in range(partitions):
        segments = tuple(part[partition] for part in parts)
        manifest = Manifest(topic=CONTACT_EVENTS.name, partition=partition, segments=segments)
        save_manifest(archive.folder(partition), manifest)


def _chunk(given: tuple[Path, int, int, int, int, int, Plan | None]) -> list[Segment]:
    root, start, count, events, contacts, partitions, takeover = given
    archive = make_archive(root, About(topic=CONTACT_EVENTS.name, partitions=partitions))
    found: list[list[Archived]] = [[] for _ in range(partitions)]
    made = list(islice(rows(events, contacts, seed=start, first=start), count))
    home_of = lru_cache(maxsize=None)(archive.home_of)
    for number, (row, admitted) in enumerate(zip(made, _admitted(made), strict=True), start=start):
        placed = _placed(row) if admitted is None else (admitted,)
        for step, (key, value) in enumerate(placed):
            found[home_of(key)].append(Archived(key, number * OFFSETS + step, value))
        if takeover is not None and number == events // 2:
            for own in found:
                own.append(Archived(KEY, (number + 1) * OFFSETS - 1, _barrier(takeover, row)))
    first, end = start * OFFSETS, (start + count) * OFFSETS
    return [
        write_segment(archive.folder(partition), first, end, sorted(records), f"{start}.new")
        for partition, records in enumerate(found)
    ]


def _barrier(plan: Plan, row: Row) -> bytes:
    return encode(barrier(plan, 2, replaces="", at=row["occurred_at"], in_place=False))


def _admitted(made: list[Row]) -> Iterable[tuple[bytes, bytes] | None]:
    """Write what the compiled back-end can; it takes a third of the time."""
    intake = compiled_intake()
    if intake is None:
        return repeat(None, len(made))
    return intake.admit([(json.dumps(row).encode(), row["occurred_at"]) for row in made])


def _placed(row: Row) -> Iterator[tuple[bytes, bytes]]:
    amount = {"amount": Decimal(row["amount"])} if "amount" in row else {}
    event = {**DEFAULTS[row["type"]], **row, **amount, "received_at": row["occurred_at"]}
    return ((key_of(one), encode(one)) for one in place(event))
