from processors.engine.store import MemoryStore
from tests.builders.records import FetchedRecord, batch_of


def test_a_store_keeps_the_newest_state_and_forgets_the_deleted() -> None:
    store = MemoryStore()
    store.apply({b"a": b"1", b"b": b"1"})
    store.apply({b"a": b"2", b"b": None, b"never": None})
    assert dict(store.items()) == {b"a": b"2"}
    assert (store.get(b"a"), store.get(b"b"), len(store)) == (b"2", None, 1)


def test_a_batch_sees_its_own_changes_before_the_store_does() -> None:
    store = MemoryStore()
    store.apply({b"a": b"old", b"b": b"old"})
    batch = batch_of(FetchedRecord(value=b""), store=store)
    batch.states[b"a"] = b"new"
    batch.states[b"b"] = None
    assert [batch.state(key) for key in (b"a", b"b", b"c")] == [b"new", b"", b""]
    assert store.get(b"a") == b"old"
