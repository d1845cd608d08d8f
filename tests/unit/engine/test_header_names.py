from __future__ import annotations

from typing import Any

import pytest
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from processors.engine.header_names import TolerantRecords
from tests.builders.record_batches import AS_SHOWN, CODECS, record_batch

headers = st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.binary()), max_size=4)
rows = st.lists(st.tuples(st.none() | st.binary(), st.none() | st.binary(), headers), min_size=1, max_size=5)


def read(reader: type[Any], data: bytes) -> list[tuple[Any, ...]]:
    records = reader(data)
    found = []
    while records.has_next():
        batch = records.next_batch()
        assert batch.validate_crc()
        found += [(one.offset, one.key, one.value, list(one.headers)) for one in batch]
    return found


@given(st.lists(rows, min_size=1, max_size=3), st.sampled_from(sorted(CODECS)))
def test_what_aiokafka_can_read_is_read_as_it_reads_it(batches: list[Any], codec: str) -> None:
    data = b"".join(record_batch(one, compression=CODECS[codec]) for one in batches)
    assert read(TolerantRecords, data) == read(MemoryRecords, data)


def test_a_name_that_is_no_text_is_read_with_its_bytes_escaped_and_nothing_else_changes() -> None:
    written = [(b"k", b"v\xff", [("name", b"\xff"), ("other", None)]), (None, None, []), (b"", b"name", [])]
    data = record_batch([*written[:2]], broken=True) + record_batch(written)
    with pytest.raises(UnicodeDecodeError):
        read(MemoryRecords, data)
    assert read(TolerantRecords, data) == [
        (0, b"k", b"v\xff", [(AS_SHOWN, b"\xff"), ("other", None)]),
        (1, None, None, []),
        *[(offset, *row) for offset, row in enumerate(written)],
    ]


def test_an_empty_fetch_has_no_batch() -> None:
    assert TolerantRecords(b"").next_batch() is None
