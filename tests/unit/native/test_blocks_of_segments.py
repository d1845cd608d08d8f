"""A contact's records are found in a block by both back-ends alike, and damage is told by the reference."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest

from schemas.archived import Archived, packed_blocks, records_of, write_archived
from schemas.errors import SchemaError
from schemas.native import BACKEND
from tests.builders.both import INSTALLED, WHY_NOT

CHANCE = Random(7)  # noqa: S311 - reproducible
KEYS = sorted(CHANCE.randbytes(CHANCE.randrange(1, 6)) for _ in range(40))
RECORDS = sorted(
    Archived(CHANCE.choice(KEYS), offset, CHANCE.randbytes(CHANCE.randrange(60))) for offset in range(500)
)


def block() -> tuple[bytes, int]:
    file = BytesIO()
    write_archived(file, RECORDS)
    file.seek(0)
    ((count, packed),) = packed_blocks(file)
    return packed, count


@pytest.mark.skipif(not INSTALLED, reason=WHY_NOT)
@pytest.mark.parametrize("key", [*KEYS, b"", b"\x00", b"\xff" * 9])
def test_both_find_the_same_records(key: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    found = records_of(*block(), key)
    monkeypatch.setenv(BACKEND, "reference")
    assert found == records_of(*block(), key)
    assert found == ([one for one in RECORDS if one.key == key], RECORDS[-1].key > key)


@pytest.mark.parametrize("back_end", ["reference", ""])
def test_a_block_that_is_damaged_is_refused_or_read_no_further_than_it_is_whole(
    back_end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BACKEND, back_end)
    packed, count = block()
    for cut in range(0, len(packed), 997):
        with pytest.raises(SchemaError, match="damaged"):
            records_of(packed[:cut], count, KEYS[-1])
    with pytest.raises(SchemaError, match="damaged"):
        records_of(packed, count + 1, b"\xff" * 9)
    with pytest.raises(SchemaError, match="damaged"):
        records_of(packed, count - 1, b"\xff" * 9)
