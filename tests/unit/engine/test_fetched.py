"""Read at once or by aiokafka, record by record: the same records, the consumer at the same place."""

import gc
import weakref
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import CorruptRecordException
from hypothesis import given
from hypothesis import strategies as st

from processors.engine.emptied_markers import tolerate_emptied_markers
from processors.engine.fetched import CommittedRecords, WholeFetch
from processors.engine.header_names import TolerantRecords
from tests.builders.record_batches import record_batch, transactional_batch

SOURCE = TopicPartition("engagement", 3)
AT_ONCE, BY_AIOKAFKA = (CommittedRecords, WholeFetch), (PartitionRecords, FetchResult)
CHECK_CRCS = True
ABORT, COMMIT = b"\0\0\0\0", b"\0\0\0\1"  # keys of markers


class Piece(NamedTuple):
    """One batch of a log: of a transaction that ends with a marker sometime, or a marker."""

    producer: int
    size: int
    marker: bytes | None


pieces = st.builds(Piece, st.integers(1, 3), st.integers(1, 3), st.sampled_from([None, None, ABORT, COMMIT]))


def written(log: list[Piece]) -> tuple[bytes, list[tuple[int, int]]]:
    """The log as bytes, and its aborted transactions (producer, first offset)."""
    raw, offset, first, aborted = b"", 0, dict[int, int](), []
    for producer, size, marker in log:
        if marker is None:
            rows: Any = [(b"k%d" % number, b"v", [("h", b"%d" % producer)]) for number in range(size)]
            first.setdefault(producer, offset)
        else:
            rows = [(marker, b"\0" * 6, [])]
            if marker == ABORT and producer in first:
                aborted.append((producer, first[producer]))
            first.pop(producer, None)
        raw += transactional_batch(rows, offset, producer, control=marker is not None)
        offset += len(rows)
    return raw, aborted


def fetched(
    raw: bytes,
    aborted: list[tuple[int, int]],
    start: int = 0,
    isolation: int = READ_COMMITTED,
    way: tuple[Any, Any] = AT_ONCE,
) -> tuple[Any, SimpleNamespace]:
    """What the consumer has of a fetch from `start` on, and where the consumer stands."""
    of_records, of_result = way
    records = of_records(SOURCE, TolerantRecords(raw), aborted, start, None, None, CHECK_CRCS, isolation)
    place = SimpleNamespace(paused=False, position=start)
    place.consumed_to = lambda offset: setattr(place, "position", offset)
    assignment = SimpleNamespace(active=True, state_value=lambda _: place)
    return of_result(SOURCE, assignment=assignment, partition_records=records, backoff=0), place


def told(records: list[Any]) -> list[tuple[Any, ...]]:
    return [(one.offset, one.timestamp, one.key, one.value, list(one.headers)) for one in records]


@given(st.lists(pieces, max_size=12), st.integers(0, 20), st.sampled_from([READ_COMMITTED, READ_UNCOMMITTED]))
def test_at_once_the_same_is_read_as_record_by_record(log: list[Piece], start: int, isolation: int) -> None:
    raw, aborted = written(log)
    whole, at = fetched(raw, aborted, start, isolation)
    one_by_one, expected = fetched(raw, aborted, start, isolation, way=BY_AIOKAFKA)
    assert told(whole.getall()) == told(one_by_one.getall())
    assert at.position == expected.position
    assert not whole.has_more()


@given(st.lists(pieces, max_size=12), st.integers(1, 5))
def test_a_few_at_a_time_aiokafka_reads_them(log: list[Piece], most: int) -> None:
    raw, aborted = written(log)
    whole, _ = fetched(raw, aborted)
    found, (one_by_one, _) = [], fetched(raw, aborted, way=BY_AIOKAFKA)
    while whole.has_more():
        found += whole.getall(max_records=most)
    assert found == one_by_one.getall()


@pytest.mark.parametrize("way", [AT_ONCE, BY_AIOKAFKA])
def test_a_marker_of_which_compaction_has_left_nothing_ends_nothing(way: tuple[Any, Any]) -> None:
    tolerate_emptied_markers()
    rows: list[Any] = [(b"k", b"v", [])]
    raw = b"".join((
        transactional_batch(rows, 0, 1),
        transactional_batch([], 1, 1, control=True),
        transactional_batch(rows, 2, 2),
        transactional_batch([(ABORT, b"\0" * 6, [])], 3, 2, control=True),
        transactional_batch(rows, 4, 2),
    ))  # fmt: skip
    whole, at = fetched(raw, [(2, 2)], way=way)
    assert [one.offset for one in whole.getall()] == [0, 4]
    assert at.position == 5


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_damaged_batch_ends_it_and_what_comes_after_is_not_taken_for_what_comes_next(damaged: int) -> None:
    batches = [bytearray(transactional_batch([(b"k", b"v", [])], offset, 1)) for offset in range(3)]
    batches[damaged][-1] ^= 1
    whole, at = fetched(b"".join(batches), [])
    with pytest.raises(CorruptRecordException):
        whole.getall()
    assert whole.getall() == []
    assert at.position == 0
    assert not whole.has_more()


@pytest.mark.parametrize("paused", [True, False])
def test_the_bytes_of_a_fetch_go_when_it_was_read_or_was_not_wanted(*, paused: bool) -> None:
    whole, at = fetched(record_batch([(b"k", b"v", [])]), [])
    at.paused = paused
    bytes_of_it = weakref.ref(whole._partition_records)
    gc.disable()
    try:
        assert len(whole.getall()) == (not paused)
        del whole
        assert bytes_of_it() is None
    finally:
        gc.enable()
