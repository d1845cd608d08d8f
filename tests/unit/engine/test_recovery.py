from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from processors.engine import recovery
from processors.engine.place import Place
from processors.engine.recovery import NO_BARRIER, _fits, _trusted, progress_row
from processors.engine.store import Covered, MemoryStore

CHANGELOG = TopicPartition("changelog", 0)


def _store_of(*keys: bytes) -> MemoryStore:
    store = MemoryStore()
    store.apply(dict.fromkeys(keys, b"state"))
    return store


def test_a_changelog_with_all_its_contacts_is_read_on_from() -> None:
    store = _store_of(b"a", b"b")
    assert _trusted(CHANGELOG, store, progress_row(Place(17), contacts=2)) == (Place(17), NO_BARRIER)
    assert len(store) == 2


def test_an_empty_changelog_is_read_from_the_beginning_of_the_source() -> None:
    assert _trusted(CHANGELOG, MemoryStore(), None) is None


def test_a_changelog_that_lost_contacts_or_its_progress_counts_as_empty() -> None:
    for progress in (progress_row(Place(17), contacts=3), None):
        store = _store_of(b"a", b"b")
        assert _trusted(CHANGELOG, store, progress) is None
        assert len(store) == 0


def test_a_store_is_ahead_of_a_changelog_that_has_told_less_of_the_record_it_stands_at() -> None:
    store = _store_of(b"a", b"b")
    for told, fits in ((1, False), (2, True), (3, True)):
        store.covered = Covered(40, progress_row(Place(17, told), contacts=2))
        assert _fits(store, Covered(30, progress_row(Place(17, told=2), contacts=2))) is fits


def test_a_recovery_that_stands_before_an_open_transaction_says_so_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr(recovery, "time", SimpleNamespace(monotonic=lambda: now))
    standstill = recovery.Standstill(TopicPartition("changelog", 2))
    for second in range(130):
        now = float(second)
        standstill.look(left=16)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "waiting for a transaction that does not end topic=changelog partition=2 left=16"
    ] * 2


def test_a_recovery_that_gets_on_is_not_told_to_stand_still(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr(recovery, "time", SimpleNamespace(monotonic=lambda: now))
    standstill = recovery.Standstill(TopicPartition("changelog", 2))
    for second in range(130):
        now = float(second)
        standstill.look(left=1_000 - second // 10)
    assert not caplog.records
