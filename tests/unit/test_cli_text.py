"""What the command line reads as a moment, and how it shows what strangers wrote."""

from __future__ import annotations

import time

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.cli.when import When, iso
from processors.cli.words import points
from processors.lifecycle import words
from processors.visible import visible, visible_bytes


def moment(text: str) -> int:
    return When().convert(text, None, None)


def test_a_time_with_its_zone_is_ms_utc() -> None:
    assert moment("2026-03-01T10:30:00+01:00") == moment("2026-03-01T09:30:00Z") == 1_772_357_400_000
    assert iso(1_772_357_400_999) == "2026-03-01T09:30:00Z"


def test_an_age_counts_back_from_now() -> None:
    ages = [time.time() * 1000 - moment(text) for text in ("90s", "90m", "36h", "7d")]
    assert [round(age / 1000) for age in ages] == [90, 5_400, 129_600, 604_800]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-03-01T09:30:00", "1w", "-1h", "0h", "2026-13-01T00:00:00Z"]
)
def test_anything_else_is_a_wrong_use_that_shows_a_right_one(text: str) -> None:
    with pytest.raises(click.BadParameter, match="2026-03-01T09:30:00Z"):
        moment(text)


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left_in_shown_text(text: str) -> None:
    assert visible(text).isprintable()


def test_printable_text_is_shown_as_it_is() -> None:
    assert visible("Zoë 日本 [bold]") == "Zoë 日本 [bold]"
    assert visible("\x1b[2J\u202e\ud800") == r"\x1b[2J\u202e\ud800"


@given(st.binary())
def test_bytes_are_shown_without_control_characters_whatever_they_are(raw: bytes) -> None:
    assert visible_bytes(raw, 1_000).replace("\n", "").isprintable()


def test_bytes_that_are_no_text_are_shown_as_a_hex_dump() -> None:
    assert visible_bytes(b"\x00\xffabc", 100) == f"00000000  {'00 ff 61 62 63':47}  ..abc"


def test_what_is_left_out_is_counted() -> None:
    assert visible_bytes(b"x" * 1_500, 500).endswith("x\n… and 1,000 bytes more")


@given(st.integers(-(10**12), 10**12))
def test_points_read_as_in_explanations(thousandths: int) -> None:
    assert points(thousandths) == words.points(thousandths)
