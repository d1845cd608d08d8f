from aiokafka import TopicPartition

from processors.engine.recovery import NO_BARRIER, _trusted, progress_row
from processors.engine.store import MemoryStore

CHANGELOG = TopicPartition("changelog", 0)


def _store_of(*keys: bytes) -> MemoryStore:
    store = MemoryStore()
    store.apply(dict.fromkeys(keys, b"state"))
    return store


def test_a_changelog_with_all_its_contacts_is_read_on_from() -> None:
    store = _store_of(b"a", b"b")
    assert _trusted(CHANGELOG, store, progress_row(next_offset=17, contacts=2)) == (17, NO_BARRIER)
    assert len(store) == 2


def test_an_empty_changelog_is_read_from_the_beginning_of_the_source() -> None:
    assert _trusted(CHANGELOG, MemoryStore(), None) is None


def test_a_changelog_that_lost_contacts_or_its_progress_counts_as_empty() -> None:
    for progress in (progress_row(next_offset=17, contacts=3), None):
        store = _store_of(b"a", b"b")
        assert _trusted(CHANGELOG, store, progress) is None
        assert len(store) == 0
