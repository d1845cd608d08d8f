import pytest

from processors.importers.combined_log import Hit, parse_hit
from schemas.errors import SchemaError

LINE = (
    b'203.0.113.9 - ann [17/May/2015:10:05:03 +0200] "GET /a?b=c HTTP/1.1" 200 12 '
    b'"https://www.google.com/" "Mozilla/5.0 (\\"X11\\")"\n'
)


def test_a_line_becomes_a_hit_with_its_time_in_utc() -> None:
    assert parse_hit(LINE) == Hit(
        host="203.0.113.9",
        at=1_431_849_903_000,  # 2015-05-17T08:05:03Z
        method="GET",
        target="/a?b=c",
        status=200,
        referrer="https://www.google.com/",
        agent='Mozilla/5.0 (\\"X11\\")',
    )


@pytest.mark.parametrize(
    ("zone", "at"),
    [(b"+0000", 1_431_857_103_000), (b"-0730", 1_431_884_103_000), (b"+0545", 1_431_836_403_000)],
)
def test_the_zone_of_the_server_is_taken_off(zone: bytes, at: int) -> None:
    assert parse_hit(LINE.replace(b"+0200", zone)).at == at


def test_a_dash_is_nothing() -> None:
    hit = parse_hit(b'h - - [17/May/2015:10:05:03 +0000] "-" 408 - "-" "-"')
    assert (hit.method, hit.target, hit.referrer, hit.agent) == ("", "", "", "")


@pytest.mark.parametrize("request_line", [b"\\x16\\x03\\x01", b"", b"GET /a", b"GET /a b", b"SSH-2.0-Go"])
def test_what_is_not_an_http_request_has_no_method(request_line: bytes) -> None:
    assert parse_hit(LINE.replace(b"GET /a?b=c HTTP/1.1", request_line)).method == ""


def test_bytes_that_are_not_utf_8_are_written_out() -> None:
    assert parse_hit(LINE.replace(b"/a?", b"/caf\xe9?")).target == r"/caf\xe9?b=c"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        LINE.strip()[:-1],
        LINE.strip() + b" more",
        LINE.replace(b" 200 ", b" OK "),
        LINE.replace(b'"GET', b"GET"),
        b"\x00" * 100,
        b'{"type": "page_view"}',
    ],
)
def test_a_line_in_another_format_is_refused(line: bytes) -> None:
    with pytest.raises(SchemaError, match="not a line of the combined log format"):
        parse_hit(line)


@pytest.mark.parametrize(
    "time",
    [
        b"31/Feb/2015:10:05:03 +0000",
        b"17/Mai/2015:10:05:03 +0000",
        b"17/May/2015:25:05:03 +0000",
        b"2015-05-17T10:05:03+00:00",
    ],
)
def test_a_time_that_never_was_is_refused(time: bytes) -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        parse_hit(LINE.replace(b"17/May/2015:10:05:03 +0200", time))
