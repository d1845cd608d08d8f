"""Record batches encoded by the compiled back-end: the bytes that aiokafka would send."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from processors.engine.encoded import encode
from tests.builders import both

if TYPE_CHECKING:
    from processors.engine.batch import Headers

    Row = tuple[bytes | None, bytes | None, Headers]

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
NOW_S = 1_772_357_400.25
PRODUCER = (4_611_686_018_427_387_904, 32_767, 2_147_483_647)
values = st.none() | st.binary(max_size=300)
rows = st.tuples(values, values, st.lists(st.tuples(st.text(max_size=80), values), max_size=4))


def by_aiokafka(wanted: list[Row], most: int, *, transactional: bool) -> list[tuple[int, bytes]]:
    builders = [BatchBuilder(most, 0, is_transactional=transactional)]
    for key, value, headers in wanted:
        if builders[-1].append(timestamp=int(NOW_S * 1000), key=key, value=value, headers=headers) is None:
            builders.append(BatchBuilder(most, 0, is_transactional=transactional))
            builders[-1].append(timestamp=int(NOW_S * 1000), key=key, value=value, headers=headers)
    for one in builders:
        one._set_producer_state(*PRODUCER)
    return [(one.record_count(), bytes(one._build())) for one in builders]


def encoded(wanted: list[Row], most: int, *, transactional: bool) -> list[tuple[int, bytes]]:
    with patch.object(time, "time", lambda: NOW_S):
        batches = encode(wanted, most, transactional=transactional)
    assert batches is not None
    for one in batches:
        one._set_producer_state(*PRODUCER)
    assert [one.size() for one in batches] == [len(one._build()) for one in batches]
    return [(one.record_count(), one._build()) for one in batches]


@given(st.lists(rows, min_size=1, max_size=40), st.integers(1, 2_000), st.booleans())
def test_they_are_what_aiokafka_would_send(wanted: list[Row], most: int, transactional: bool) -> None:  # noqa: FBT001
    found = encoded(wanted, most, transactional=transactional)
    assert found == by_aiokafka(wanted, most, transactional=transactional)


@pytest.mark.parametrize("most", range(120, 160))
def test_a_batch_is_full_exactly_when_aiokafka_says_so(most: int) -> None:
    wanted: list[Row] = [(None, b"", []), (b"key", b"0" * 16, []), (b"", b"0" * 3, [("name", b"")])] * 4
    assert encoded(wanted, most, transactional=True) == by_aiokafka(wanted, most, transactional=True)


def test_large_and_many_records_are_cut_into_batches_where_aiokafka_cuts() -> None:
    sizes = (0, 63, 64, 8_191, 8_192, 400_000, 1_200_000, 5, *[300] * 9_000)
    wanted: list[Row] = [(b"%d" % number, bytes(size), []) for number, size in enumerate(sizes)]
    found = encoded(wanted, 1_000_000, transactional=True)
    assert found == by_aiokafka(wanted, 1_000_000, transactional=True)
    assert len(found) > 3


def test_what_is_read_back_is_what_was_given() -> None:
    given_rows: list[Row] = [(b"k", None, [("ce_id", b"1"), ("nothing", None)]), (None, b"v", [])]
    ((_count, raw),) = encoded(given_rows, 1_000_000, transactional=True)
    batch = DefaultRecordBatch(raw)
    assert batch.validate_crc()
    assert batch.is_transactional
    assert [(one.key, one.value, list(one.headers)) for one in batch] == given_rows


def test_the_same_bytes_are_sent_again() -> None:
    batches = encode([(b"k", b"v", [])], 1_000, transactional=True)
    assert batches is not None
    (batch,) = batches
    batch._set_producer_state(*PRODUCER)
    assert batch._build() is batch._build()
    assert batch.closed()


def test_a_key_that_is_no_bytes_is_refused() -> None:
    with pytest.raises(TypeError):
        encode([("k", b"v", [])], 1_000, transactional=True)  # type: ignore[list-item] # on purpose


def test_without_the_compiled_back_end_aiokafka_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGELINE_BACKEND", "reference")
    assert encode([(b"k", b"v", [])], 1_000, transactional=True) is None
