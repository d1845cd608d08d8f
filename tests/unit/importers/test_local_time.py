from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from processors.importers.local_time import Ambiguous, Nonexistent, TimeFormat


def read(
    cell: str,
    text: str = "%d.%m.%Y %H:%M",
    zone: str | None = "Europe/Berlin",
    ambiguous: Ambiguous = "refuse",
    nonexistent: Nonexistent = "refuse",
) -> str:
    format_ = TimeFormat(
        text=text, zone=ZoneInfo(zone) if zone else None, ambiguous=ambiguous, nonexistent=nonexistent
    )
    return datetime.fromtimestamp(format_.milliseconds(cell) / 1000, UTC).isoformat()


@pytest.mark.parametrize(
    ("cell", "text", "zone", "utc"),
    [
        ("01.03.2026 09:30", "%d.%m.%Y %H:%M", "Europe/Berlin", "2026-03-01T08:30:00+00:00"),
        ("01.07.2026 09:30", "%d.%m.%Y %H:%M", "Europe/Berlin", "2026-07-01T07:30:00+00:00"),
        ("3/1/26 9:30 PM", "%m/%d/%y %I:%M %p", "America/New_York", "2026-03-02T02:30:00+00:00"),
        ("2026-03-01 09:30 +0545", "%Y-%m-%d %H:%M %z", None, "2026-03-01T03:45:00+00:00"),
        ("2026-03-01T09:30:00Z", "iso", "Europe/Berlin", "2026-03-01T09:30:00+00:00"),
        ("2026-03-01T09:30:00.250", "iso", "Europe/Berlin", "2026-03-01T08:30:00.250000+00:00"),
        ("2026-03-01", "iso", "Europe/Berlin", "2026-02-28T23:00:00+00:00"),
        ("1772357400", "epoch", None, "2026-03-01T09:30:00+00:00"),
        ("1772357400125", "epoch_ms", None, "2026-03-01T09:30:00.125000+00:00"),
    ],
)
def test_a_time_is_read_in_its_format_and_zone(cell: str, text: str, zone: str | None, utc: str) -> None:
    assert read(cell, text, zone) == utc


def test_an_hour_that_a_clock_put_back_doubles_is_refused_unless_the_map_chooses() -> None:
    with pytest.raises(ValueError, match=r"was twice in Europe/Berlin: .*`ambiguous: earlier`"):
        read("25.10.2026 02:30")
    assert read("25.10.2026 02:30", ambiguous="earlier") == "2026-10-25T00:30:00+00:00"
    assert read("25.10.2026 02:30", ambiguous="later") == "2026-10-25T01:30:00+00:00"


def test_an_hour_that_a_clock_put_forward_skips_is_refused_unless_the_map_moves_it() -> None:
    with pytest.raises(ValueError, match=r"never was in Europe/Berlin: .*`nonexistent: forward`"):
        read("29.03.2026 02:30")
    assert read("29.03.2026 02:30", nonexistent="forward") == "2026-03-29T01:30:00+00:00"  # 03:30 in Berlin


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        ("25.10.2026 01:59", "2026-10-24T23:59:00+00:00"),
        ("25.10.2026 03:00", "2026-10-25T02:00:00+00:00"),
        ("29.03.2026 01:59", "2026-03-29T00:59:00+00:00"),
        ("29.03.2026 03:00", "2026-03-29T01:00:00+00:00"),
    ],
)
def test_the_minutes_beside_a_clock_change_are_plain(cell: str, utc: str) -> None:
    assert read(cell) == utc


@pytest.mark.parametrize(
    ("cell", "text", "zone"),
    [
        ("2026-03-01", "%d.%m.%Y", "UTC"),
        ("31.02.2026", "%d.%m.%Y", "UTC"),
        ("yesterday", "iso", "UTC"),
        ("2026-03-01T09:30:00", "iso", None),
        ("1772357400.5", "epoch", None),
        ("²", "epoch", None),
        ("--1", "epoch", None),
    ],
)
def test_what_is_not_a_time_is_refused(cell: str, text: str, zone: str | None) -> None:
    with pytest.raises(ValueError, match=r"is not a|has no zone"):
        read(cell, text, zone)
