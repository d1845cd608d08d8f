"""Every target of `scripts/fuzz`, with inputs that hypothesis makes of genuine ones."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.checks import PURE
from tests.fuzz.requests import requests_to
from tests.fuzz.seeds import seeds_of

if TYPE_CHECKING:
    from collections.abc import Callable

# What stands between things in all these languages, and what is hostile in each of them.
PIECES = [
    b"\0", b"\n", b"\r\n", b'"', b"'", b"{", b"}", b"[", b"]", b":", b",", b";", b"&a ", b"*a", b"\\", b"%zz",
    b"\xff", b"\x80", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xae", b"9" * 40, b"-1", b"1e999", b"NaN",
    b"null", b"0x10", b"\x01" * 9, b"\xfe" * 10, b"../", b"%00", b"9" * 5_000, b"[" * 2_000,
]  # fmt: skip
genuine = cache(seeds_of)


@st.composite
def hostile(draw: st.DrawFn, target: str) -> bytes:
    """A genuine input with some places overwritten, cut, doubled or filled with what is awkward."""
    found = bytearray(draw(st.sampled_from(genuine(target))))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(found)))
        end = start + draw(st.sampled_from((0, 0, 1, 2, 8, 100)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8), st.just(found[start:end] * 2)))
        found[start:end] = piece
    return bytes(found)


@pytest.mark.parametrize("target", PURE)
@given(data=st.data())
def test_any_input_is_read_or_refused_and_kept(target: str, data: st.DataObject) -> None:
    PURE[target](data.draw(st.one_of(hostile(target), st.binary(max_size=300))))


@pytest.fixture(scope="module")
def answered(redis_url: str) -> Callable[[bytes], None]:
    return requests_to(redis_url)


@given(raw=hostile("http"))
def test_any_request_is_answered(answered: Callable[[bytes], None], raw: bytes) -> None:
    answered(raw)


@pytest.mark.parametrize("target", [*PURE, "http"])
def test_there_are_genuine_inputs_to_start_from(target: str) -> None:
    assert all(genuine(target))
