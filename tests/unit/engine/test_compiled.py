"""The processor with the compiled back-end against the same without: states, outputs, order, who is due."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from processors.engine import compiled
from processors.engine.batch import Batch, Output
from processors.engine.lifecycle import Lifecycle, LifecycleClock
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers
from processors.intake import place_normal
from processors.lifecycle_files import load_lifecycle
from schemas.codec import decode, encode
from tests.bench.generate import rows
from tests.builders import both
from tests.builders.records import FetchedRecord
from tests.builders.story import event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processors.engine.batch import History, Record

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
EVENTS, CONTACTS = 900, 40
FAR = 1 << 50


def log() -> list[FetchedRecord]:
    """A made-up year with visitors who are identified, voids, damaged bytes, an erased contact and clocks."""
    records: list[FetchedRecord] = []
    of_c1 = ""
    for row in rows(EVENTS, CONTACTS, 3):
        for placed in place_normal(decode(json.dumps(row).encode())):
            _add(records, placed)
            of_c1 = placed["event_id"] if placed["contact_id"] == "c1" else of_c1
        if len(records) % 300 == 0:
            at = row["occurred_at"]
            _add(records, event("engagement_voided", at, contact_id="c1", event_id=f"v{at}", voids=of_c1))
            _add(records, event("contact_erased", at, contact_id="c3", event_id=f"x{at}"))
            records.append(_record(len(records), b"c2", b"\xc3\x01 no event"))
            records.append(_record(len(records), b"", LifecycleClock().record(at) or b""))
    return records


def _add(records: list[FetchedRecord], told: dict[str, Any]) -> None:
    records.append(_record(len(records), str(told["contact_id"]).encode(), encode(told)))


def _record(offset: int, key: bytes, value: bytes) -> FetchedRecord:
    return FetchedRecord(key=key, value=value, offset=offset, topic="contact-events")


def processed(
    records: list[FetchedRecord], size: int
) -> tuple[dict[bytes, bytes], list[Output], list[bytes]]:
    """States, outputs and who is due, earliest first; the log cut into batches of one size."""
    lifecycle, store, timers = Lifecycle(load_lifecycle("full")), MemoryStore(), Timers()
    outputs: list[Output] = []
    start = asked = 0
    history: History | None = None
    while start < len(records):
        batch = Batch(
            source=records[0].source,
            records=records[start : start + size],
            store=store,
            timers=timers,
            next_offset=min(start + size, len(records)),
            history=history,
        )
        lifecycle.process(batch)
        store.apply(batch.states)
        outputs += batch.outputs
        start = batch.next_offset
        asked += bool(batch.wanted)
        wanted = {key: [one for one in records if one.key == key] for key in batch.wanted}
        history = wanted or None
    assert asked
    return dict(store.items()), outputs, timers.pop_due(FAR, len(records))


@pytest.mark.parametrize("size", [1, 50, 5_000])
def test_batches_come_to_the_same_states_and_outputs_in_the_same_order(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, folded = log(), 0
    fold = compiled.Runs.fold

    def counted(runs: compiled.Runs, some: Sequence[Record], *others: Any) -> None:  # noqa: ANN401
        nonlocal folded
        fold(runs, some, *others)
        folded += len(some)

    monkeypatch.setattr(compiled.Runs, "fold", counted)
    mine = processed(records, size)
    assert folded > len(records) // 2
    monkeypatch.setenv("STAGELINE_BACKEND", "reference")
    folded = 0
    reference = processed(records, size)
    assert folded == 0
    assert mine == reference
    assert len(mine[1]) > CONTACTS
