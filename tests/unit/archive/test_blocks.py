from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from cramjam import zstd
from hypothesis import given
from hypothesis import strategies as st

from schemas import archived
from schemas.archived import Archived, read_archived, write_archived
from schemas.errors import SchemaError


@given(
    st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 2**63 - 1), st.binary(max_size=200))).map(sorted)
)
def test_a_file_gives_back_what_was_written(rows: list[tuple[bytes, int, bytes]]) -> None:
    path = Path("segment.avro")
    with CliRunner().isolated_filesystem():
        with path.open("wb") as file:
            assert write_archived(file, (Archived(*row) for row in rows)) == len(rows)
        with path.open("rb") as file:
            assert list(read_archived(file)) == rows


@given(st.binary(max_size=400), st.integers(0, 9))
def test_a_block_of_anything_is_read_or_refused(block: bytes, count: int) -> None:
    for packed in (block, bytes(zstd.compress(block))):
        with suppress(SchemaError):
            found = archived.unpack(packed, count)
            assert len(found) == count
            assert not count or archived.first_key(packed) == found[0].key


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_the_key_that_a_block_starts_with_is_read_without_the_rest(keys: list[bytes]) -> None:
    file = BytesIO()
    write_archived(file, [Archived(key, number, b"value") for number, key in enumerate(keys)])
    file.seek(0)
    ((_, packed),) = archived.packed_blocks(file)
    assert archived.first_key(packed) == keys[0]


@pytest.mark.parametrize("block", [b"", b"\x06ab", b"\x01", b"\x80"])
def test_a_block_without_a_whole_key_is_refused(block: bytes) -> None:
    with pytest.raises(SchemaError, match="damaged"):
        archived.first_key(bytes(zstd.compress(block)))


def test_a_block_that_unpacks_to_more_than_any_block_may_have_is_refused() -> None:
    bomb = bytes(zstd.compress(bytes(archived.MAX_UNPACKED + 1)))
    with pytest.raises(SchemaError, match="damaged"):
        archived.unpack(bomb, 1)
