"""A made-up year straight into an archive: the same events for the same numbers, over all cores."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from processors.archive.folder import make_archive
from processors.archive.manifest import About, Manifest, save_manifest
from processors.archive.segments import write_segment
from processors.identity import key_of, place
from processors.replay.pool import processors
from schemas.archived import Archived
from schemas.codec import encode
from schemas.events import NEWEST, field_type
from schemas.topics import CONTACT_EVENTS
from tests.bench.generate import KINDS, rows

if TYPE_CHECKING:
    from pathlib import Path

    from processors.archive.manifest import Segment

CHUNK = 250_000  # events that one process holds
OFFSETS = 2  # an identification may name two contacts, and is told to both
DEFAULTS = {
    kind: {one["name"]: field_type(one).default for one in NEWEST[kind].schema["fields"]} for kind in KINDS
}


def make(root: Path, events: int, contacts: int, partitions: int) -> None:
    """Write an archive of so many events. Parts of the year are generated alone, each with its seed."""
    archive = make_archive(root, About(topic=CONTACT_EVENTS.name, partitions=partitions))
    starts = range(0, events, CHUNK)
    given = [(root, start, min(CHUNK, events - start), events, contacts, partitions) for start in starts]
    with ProcessPoolExecutor(processors(), mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_chunk, given))
    for partition in range(partitions):
        segments = tuple(part[partition] for part in parts)
        manifest = Manifest(topic=CONTACT_EVENTS.name, partition=partition, segments=segments)
        save_manifest(archive.folder(partition), manifest)


def _chunk(given: tuple[Path, int, int, int, int, int]) -> list[Segment]:
    root, start, count, events, contacts, partitions = given
    archive = make_archive(root, About(topic=CONTACT_EVENTS.name, partitions=partitions))
    found: list[list[Archived]] = [[] for _ in range(partitions)]
    for number, row in enumerate(islice(rows(events, contacts, seed=start, first=start), count), start=start):
        for step, event in enumerate(_placed(row)):
            key = key_of(event)
            record = Archived(key, number * OFFSETS + step, encode(event))
            found[archive.home_of(key)].append(record)
    first, end = start * OFFSETS, (start + count) * OFFSETS
    return [
        write_segment(archive.folder(partition), first, end, sorted(records), f"{start}.new")
        for partition, records in enumerate(found)
    ]


def _placed(row: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    amount = {"amount": Decimal(row["amount"])} if "amount" in row else {}
    return place({**DEFAULTS[row["type"]], **row, **amount, "received_at": row["occurred_at"]})
