from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest

from processors.engine.rocks_store import RocksStore, StoreDamagedError, open_store
from processors.engine.store import Covered, MemoryStore, Store
from tests.builders.records import FetchedRecord, batch_of

OWNER = "topic-id-0"


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        with closing(open_store(tmp_path / "store", OWNER)) as store:
            yield store


def test_a_store_keeps_the_newest_state_and_forgets_the_deleted(store: Store) -> None:
    store.apply({b"a": b"1", b"b": b"1"})
    store.apply({b"a": b"2", b"b": None, b"never": None})
    assert dict(store.items()) == {b"a": b"2"}
    assert (store.get(b"a"), store.get(b"b"), len(store)) == (b"2", None, 1)


def test_a_store_knows_what_it_covers_until_it_is_cleared(store: Store) -> None:
    store.apply({b"a": b"1"}, Covered(7, b"3 1 -1"))
    store.apply({b"b": b"1"})
    assert store.covered == (7, b"3 1 -1")
    store.clear()
    assert (len(store), list(store.items()), store.get(b"a"), str(store.covered)) == (0, [], None, "None")


def test_a_batch_sees_its_own_changes_before_the_store_does() -> None:
    store = MemoryStore()
    store.apply({b"a": b"old", b"b": b"old"})
    batch = batch_of(FetchedRecord(value=b""), store=store)
    batch.states[b"a"] = b"new"
    batch.states[b"b"] = None
    assert [batch.state(key) for key in (b"a", b"b", b"c")] == [b"new", b"", b""]
    assert store.get(b"a") == b"old"


def _filled(folder: Path, owner: str = OWNER, contacts: int = 3) -> RocksStore:
    store = open_store(folder, owner)
    store.apply({b"c%05d" % number: b"state" * 20 for number in range(contacts)}, Covered(9, b"4 3 -1"))
    return store


def test_what_is_on_disk_is_there_again_with_its_place_in_the_changelog(tmp_path: Path) -> None:
    _filled(tmp_path / "store").close()
    with closing(open_store(tmp_path / "store", OWNER)) as store:
        assert (store.covered, len(store), len(dict(store.items()))) == ((9, b"4 3 -1"), 3, 3)
        assert store.get(b"c00001") == b"state" * 20


def test_what_is_on_disk_of_another_changelog_is_thrown_away(tmp_path: Path) -> None:
    _filled(tmp_path / "store").close()
    with closing(open_store(tmp_path / "store", "a topic of the same name made later")) as store:
        assert (store.covered, len(store), list(store.items())) == (None, 0, [])


def test_files_that_cannot_be_opened_are_set_aside_and_begun_anew(tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        _filled(tmp_path / "store").close()
        (tmp_path / "store" / "CURRENT").write_text(attempt)
        with closing(open_store(tmp_path / "store", OWNER)) as store:
            assert (store.covered, len(store)) == (None, 0)
        assert (tmp_path / "store.damaged" / "CURRENT").read_text() == attempt
        assert sorted(path.name for path in tmp_path.iterdir()) == ["store", "store.damaged"]


def test_a_log_cut_off_by_a_crash_leaves_states_and_place_of_an_earlier_moment(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "store", OWNER)) as store:
        for number in range(50):
            store.apply({b"c%d" % number: b"%d" % number}, Covered(number + 1, None))
        for share in (99, 50, 33):
            copytree(tmp_path / "store", tmp_path / f"{share}")  # what a SIGKILL would leave
            (log,) = (tmp_path / f"{share}").glob("*.log")
            log.write_bytes(log.read_bytes()[: log.stat().st_size * share // 100])
    for share in (99, 50, 33):
        with closing(open_store(tmp_path / f"{share}", OWNER)) as store:
            assert store.covered is not None
            assert 0 < store.covered.position < 50
            assert dict(store.items()) == {b"c%d" % n: b"%d" % n for n in range(store.covered.position)}


def test_a_block_that_went_bad_is_noticed_when_all_contacts_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    _filled(folder, contacts=20_000).close()
    open_store(folder, OWNER).close()  # what was in the log is in a table now
    (table,) = folder.glob("*.sst")
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 0xFF
    table.write_bytes(content)
    with closing(open_store(folder, OWNER)) as store, pytest.raises(StoreDamagedError):
        list(store.items())
    with closing(open_store(folder, OWNER)) as store:
        assert (store.covered, len(store)) == (None, 0)
