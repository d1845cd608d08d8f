from __future__ import annotations

import gc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from processors.engine import folding as module
from processors.engine.batch import Batch, History, Output
from processors.engine.lifecycle import Lifecycle, LifecycleClock
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers
from processors.lifecycle import describe
from processors.lifecycle_files import load_lifecycle
from schemas.codec import decode_trusted, encode
from tests.builders.records import FetchedRecord
from tests.builders.samples import sample
from tests.builders.story import DAY, MONDAY, event

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

LIFECYCLE = Lifecycle(load_lifecycle("buyers-journey"))
CONTACTS = ("a", "b", "c", "d", "e")


class Log:
    """A partition's log, and what the processor makes of it in batches of any size."""

    def __init__(self) -> None:
        self.records: list[FetchedRecord] = []

    def add(self, type_: str, contact: str, at: int, **fields: Any) -> None:  # noqa: ANN401 - any event's fields
        told = event(type_, at, contact_id=contact, event_id=f"e{len(self.records)}", **fields)
        self.append(contact.encode(), encode(told))

    def clock(self, at: int) -> None:
        self.append(b"", LifecycleClock().record(at))

    def append(self, key: bytes, value: bytes | None) -> None:
        self.records.append(
            FetchedRecord(key=key, value=value, offset=len(self.records), topic="contact-events")
        )

    def append_travelling(self) -> None:
        """Append what the log so far makes the worker write into contact-events itself."""
        written = {record.value for record in self.records}
        for one in self.run()[1]:
            if one.topic == "contact-events" and one.value not in written:
                self.append(one.key or b"", one.value or b"")

    def run(self, cuts: Sequence[int] = ()) -> tuple[dict[bytes, bytes], list[Output]]:
        """Return states and outputs; the log is cut into batches at `cuts`."""
        store, timers, outputs = MemoryStore(), Timers(), list[Output]()
        for start, end in pairwise(sorted({0, *cuts, len(self.records)})):
            outputs += self.finish(self.records[start:end], store, timers)
        return dict(store.items()), outputs

    def finish(self, records: Sequence[FetchedRecord], store: MemoryStore, timers: Timers) -> list[Output]:
        """Process batches until all records are consumed; return their outputs."""
        outputs: list[Output] = []
        history = None
        while records:
            batch = step(records, store, timers, history)
            outputs += batch.outputs
            records = [record for record in records if record.offset >= batch.next_offset]
            history = {key: [one for one in self.records if one.key == key] for key in batch.wanted} or None
        return outputs


def step(
    records: Sequence[FetchedRecord], store: MemoryStore, timers: Timers, history: History | None = None
) -> Batch:
    """Process one batch and commit it."""
    end = records[-1].offset + 1
    source = records[0].source
    batch = Batch(
        source=source, records=records, store=store, timers=timers, next_offset=end, history=history
    )
    LIFECYCLE.process(batch)
    store.apply(batch.states)
    return batch


def demo_log() -> Log:
    """Five contacts become MQLs, a day apart; then the clock passes every deadline of theirs."""
    log = Log()
    for day, contact in enumerate(CONTACTS):
        log.add("demo_requested", contact, MONDAY + day * DAY)
    log.clock(MONDAY + 60 * DAY)
    log.add("page_view", "a", MONDAY + 61 * DAY, url="/products/a")
    log.clock(MONDAY + 61 * DAY)
    return log


def test_changes_go_out_under_their_contact_and_states_into_the_changelog() -> None:
    log = Log()
    log.add("demo_requested", "a", MONDAY)
    states, outputs = log.run()
    assert states.keys() == {b"a"}
    assert [(one.topic, one.key) for one in outputs if one.topic != "segment-changed"] == [
        ("stage-changed", b"a"),
        ("mql-handoff", b"a"),
    ]


def test_an_output_that_somebody_put_among_the_events_is_a_dead_letter_and_the_rest_goes_on() -> None:
    log = Log()
    log.append(b"a", encode(sample("stage_changed")))
    log.add("page_view", "a", MONDAY, url="/products/a")
    (letter, *_) = [one for one in log.run()[1] if one.topic == "dead-letter"]
    reason = dict(letter.headers)["stageline-reason"]
    assert reason == b"stage_changed is an output of Stageline's, not an event."
    assert log.run()[0].keys() == {b"a"}


DEMO = demo_log()
DEMO_UNCUT = DEMO.run()


@given(cuts=st.lists(st.integers(0, len(DEMO.records))))
def test_how_the_log_is_cut_into_batches_changes_nothing(cuts: list[int]) -> None:
    assert DEMO.run(cuts) == DEMO_UNCUT


def test_a_clock_with_more_contacts_than_one_transaction_holds_goes_on_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = demo_log().run()
    monkeypatch.setattr(module, "ADVANCED_AT_ONCE", 2)
    assert demo_log().run() == whole


def test_going_on_after_a_crash_between_two_chunks_of_a_clock_is_as_if_it_never_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = demo_log()
    states, outputs = log.run()
    monkeypatch.setattr(module, "ADVANCED_AT_ONCE", 2)
    store, timers = MemoryStore(), Timers()
    before = step(log.records[:5], store, timers).outputs
    chunk = step(log.records[5:], store, timers)
    assert (chunk.next_offset, len(chunk.states)) == (5, 2)  # the clock is not consumed yet
    restored = Timers()
    for key, state in store.items():
        restored.set(key, LifecycleClock().next_due(state))
    after = log.finish(log.records[5:], store, restored)
    assert dict(store.items()) == states
    assert before + chunk.outputs + after == outputs


def test_a_clock_is_asked_for_again_only_when_all_that_was_due_at_it_is_done() -> None:
    timers = Timers()
    timers.set(b"a", 5)
    timers.clock_sent = 7
    timers.clock_arrived(6)
    assert timers.clock_sent == 7
    timers.clock_arrived(7)
    assert timers.clock_sent is None


def test_records_applied_before_change_nothing_when_they_come_again() -> None:
    log = demo_log()
    states, _ = log.run()
    store = MemoryStore()
    store.apply(states)
    batch = step(log.records[:5], store, Timers())
    assert batch.states == {contact.encode(): states[contact.encode()] for contact in CONTACTS}
    assert batch.outputs == []


def test_bytes_that_are_no_event_are_set_aside_and_the_next_event_is_applied() -> None:
    log = Log()
    log.append(b"a", b"nonsense")
    log.add("demo_requested", "a", MONDAY)
    states, outputs = log.run()
    assert outputs[0].topic == "dead-letter"
    assert (outputs[0].key, outputs[0].value) == (b"a", b"nonsense")
    assert dict(outputs[0].headers)["stageline-stage"] == b"lifecycle"
    assert b"a" in states


def test_an_event_that_the_core_refuses_is_set_aside_with_its_reason() -> None:
    log = Log()
    log.add("contact_erased", "a", MONDAY)
    log.add("demo_requested", "a", MONDAY + DAY)
    _, outputs = log.run()
    letter = outputs[-1]
    assert (letter.topic, letter.value) == ("dead-letter", log.records[1].value)
    assert "erased" in str(dict(letter.headers)["stageline-reason"])


def test_money_spent_on_a_channel_makes_no_contact() -> None:
    log = Log()
    log.append(b"spend:web", encode({**sample("spend_recorded"), "contact_id": None}))
    assert log.run() == ({}, [])


def test_the_history_of_an_identified_visitor_travels_through_contact_events() -> None:
    log = Log()
    log.add("page_view", "anon:v1", MONDAY, url="/products/a")
    log.add("contact_identified", "anon:v1", MONDAY + DAY, into="ann", anonymous_id="v1")
    log.add("page_view", "anon:v1", MONDAY + 2 * DAY, url="/products/b")
    _, outputs = log.run()
    travelling = [
        (one.key, decode_trusted(one.value or b"")) for one in outputs if one.topic == "contact-events"
    ]
    assert [(key, told["type"], told["contact_id"]) for key, told in travelling] == [
        (b"ann", "history_transferred", "ann"),
        (b"ann", "page_view", "ann"),
    ]


def merged_log() -> Log:
    """Ann and Bob look at products, are merged, Ann looks again, the merge is undone: six views are hers."""
    log = Log()
    for day in range(5):
        log.add("page_view", "ann", MONDAY + day * DAY, url=f"/products/{day}")
        log.add("page_view", "bob", MONDAY + day * DAY, url=f"/products/{day}")
    log.add("contacts_merged", "bob", MONDAY + 5 * DAY, into="ann", other="bob")
    log.append_travelling()
    log.add("page_view", "ann", MONDAY + 6 * DAY, url="/products/6")
    log.add("page_view", "bob", MONDAY + 6 * DAY, url="/products/7")  # passed on to Ann
    log.append_travelling()
    log.add("merge_undone", "bob", MONDAY + 7 * DAY, into="ann", other="bob")
    log.append_travelling()
    return log


def test_undoing_a_merge_folds_the_contact_again_from_its_history() -> None:
    states, _ = merged_log().run()
    alone = Log()
    for day in (0, 1, 2, 3, 4, 6):
        alone.add("page_view", "ann", MONDAY + day * DAY, url=f"/products/{day}")
    alone.add("page_view", "ann", MONDAY + 7 * DAY, url="/blog")  # brings her to the same moment
    plan = load_lifecycle("buyers-journey")
    hers = describe(plan, states[b"ann"])
    assert hers["score_parts"] == describe(plan, alone.run()[0][b"ann"])["score_parts"]


def test_two_records_of_one_contact_can_need_history_one_after_the_other() -> None:
    log = merged_log()
    again = log.records[-1]
    log.append(again.key or b"", again.value or b"")  # a redelivery: nothing to undo any more
    log.add("contacts_merged", "bob", MONDAY + 8 * DAY, into="ann", other="bob")
    log.append_travelling()
    log.add("merge_undone", "bob", MONDAY + 9 * DAY, into="ann", other="bob")
    log.append_travelling()
    states, outputs = log.run()
    assert describe(load_lifecycle("buyers-journey"), states[b"ann"])["merged"] == []
    assert log.run(range(len(log.records))) == (states, outputs)


MERGED = merged_log()
MERGED_UNCUT = MERGED.run()


@given(cuts=st.lists(st.integers(0, len(MERGED.records))))
def test_where_the_log_is_cut_does_not_matter_to_a_contact_folded_again(cuts: list[int]) -> None:
    assert MERGED.run(cuts) == MERGED_UNCUT


def test_a_batch_leaves_nothing_behind_as_garbage_in_cycles() -> None:
    """Workers look for such garbage rarely; a batch holds thousands of records and outputs."""
    log = demo_log()
    gc.collect()
    gc.disable()
    try:
        step(log.records, MemoryStore(), Timers())
        assert gc.collect() == 0
    finally:
        gc.enable()
