"""Whatever stands in a file: each line becomes an event, a refusal or a reason to skip; nothing is raised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from processors.feeds.items import Item, Refused, Row
from processors.feeds.lines import read_lines
from processors.feeds.transfer import read_ndjson
from processors.identity import key_of, normal_email, place
from processors.importers.access_log import Site, read_log
from processors.importers.csv_file import read_csv
from processors.importers.csv_map import CsvMap
from processors.importers.local_time import TimeFormat
from processors.intake import admit, normal_url
from schemas.codec import decode_trusted, encode
from schemas.errors import SchemaError

SITE = Site(key=b"k" * 32, url="https://www.acme.example", host="acme.example")
MAP = CsvMap.model_validate({
    "type": "deal_changed",
    "columns": {
        "Id": "contact_id", "Date": {"time": "iso", "zone": "Europe/Berlin", "ambiguous": "later"},
        "Deal": {"field": "deal"}, "Stage": {"field": "stage"}, "Amount": {"field": "amount"},
    },
})  # fmt: skip
LOG_PARTS = st.sampled_from([
    b"203.0.113.9", b" - - ", b"[17/May/2015:10:05:03 +0000]", b" ", b'"GET / HTTP/1.1"', b" 200 12 ", b'"-"',
    b'"Mozilla/5.0 Firefox/140.0"', b"\\", b'"', b"\xff", b"GET http://[::1/?utm_source=%zz HTTP/1.1",
    b"\x00",
])  # fmt: skip
LOG_LINE = st.one_of(st.binary(max_size=200), st.lists(LOG_PARTS, max_size=9).map(b"".join))
CELL = st.one_of(
    st.sampled_from(
        ["c1", "2026-03-01", "2026-10-25T02:30", "open", "1,234.5", '"', '""', "\ud800", "\u202e"]
    ),
    st.text(max_size=12),
)
JSON_PARTS = st.sampled_from([
    "{", "}", '"type"', ":", '"page_view"', ",", '"url"', '"occurred_at"', "1e400", "NaN", "[", "null",
    '"\\ud800"', '"contact_id": "c"', "9" * 30, "\x00", "\n",
])  # fmt: skip
JSON = st.one_of(
    st.binary(max_size=300), st.lists(JSON_PARTS, max_size=14).map(lambda parts: "".join(parts).encode())
)
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001 - local times


def checked(items: list[Item]) -> list[Item]:
    """Every event is one that the codec can write and intake would take or refuse by reason."""
    for item in items:
        if isinstance(item, Row):
            assert decode_trusted(encode(item.event))["type"] == item.event["type"]
        elif isinstance(item, Refused):
            assert item.reason
    return items


@given(st.lists(LOG_LINE, max_size=8))
def test_any_log_is_accounted_for_line_by_line(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    items = checked(list(read_log(read_lines(BytesIO(data)), SITE)))
    assert [item.line for item in items] == list(range(1, len(list(read_lines(BytesIO(data)))) + 1))


@given(
    path=st.text(st.characters(exclude_characters='"\\ ', exclude_categories=["Cc", "Cs"]), max_size=40),
    agent=st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cc", "Cs"]), max_size=40),
    referrer=st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cc", "Cs"]), max_size=40),
)
def test_any_request_in_the_right_format_is_read_and_hides_its_address(
    path: str, agent: str, referrer: str
) -> None:
    request = f"GET /{path} HTTP/1.1"
    line = f'203.0.113.9 - - [17/May/2015:10:05:03 +0000] "{request}" 200 1 "{referrer}" "Firefox {agent}"'
    (item,) = checked(list(read_log(read_lines(BytesIO(line.encode())), SITE)))
    if isinstance(item, Refused):
        assert item.reason.startswith(("page_view: ", "asset_download: "))  # a value no event may hold
    if isinstance(item, Row) and "203.0.113.9" not in path + referrer:
        assert "203.0.113.9" not in str(item.event)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(CELL, max_size=12).map(lambda cells: ",".join(cells).encode(errors="surrogatepass")),
    )
)
def test_any_export_is_accounted_for_byte_by_byte(body: bytes) -> None:
    header = b"Id,Date,Deal,Stage,Amount\n"
    items = checked(list(read_csv(read_lines(BytesIO(header + body)), MAP)))
    kept = b"".join(item.original for item in items if isinstance(item, Row | Refused))
    assert kept.replace(b"\n", b"").replace(b"\r", b"") == body.replace(b"\n", b"").replace(b"\r", b"")


@given(JSON)
def test_any_ndjson_is_accounted_for_line_by_line(data: bytes) -> None:
    items = checked(list(read_ndjson(read_lines(BytesIO(data)))))
    assert [item.line for item in items] == [line.number for line in read_lines(BytesIO(data))]


@given(JSON)
def test_intake_takes_any_bytes_or_refuses_them(value: bytes) -> None:
    try:
        records = admit(value, received_at=1_772_357_400_000)
    except SchemaError:
        return
    assert all(decode_trusted(event)["received_at"] == 1_772_357_400_000 for _, event in records)


IDS = st.one_of(st.none(), st.sampled_from(["c1", "anon:v1", "email:" + "0" * 32, "v1"]))
EMAILS = st.one_of(
    st.none(), st.sampled_from(["Ann@Acme.Example", "ann@acme.example", "ben@acme.example", "x@y"])
)


@given(type_=st.sampled_from(["page_view", "contact_identified"]), contact=IDS, visitor=IDS, email=EMAILS)
def test_every_event_that_names_somebody_is_placed_at_a_key_that_is_its_contact(
    type_: str, contact: str | None, visitor: str | None, email: str | None
) -> None:
    event = {"type": type_, "contact_id": contact, "anonymous_id": visitor, "email": email}
    try:
        placed = place(event)
    except SchemaError:
        assert (
            email == "x@y" or type_ == "contact_identified" or (contact, visitor, email) == (None, None, None)
        )
        return
    for one in placed:
        assert key_of(one).decode() == one["contact_id"]
        assert one["contact_id"] != one.get("into")
        if type_ == "page_view":
            assert place(one) == (one,)  # a placed event placed again stays where it is


@given(st.emails())
def test_a_normal_address_is_its_own_normal_form(address: str) -> None:
    try:
        once = normal_email(address)
    except SchemaError:
        return  # addresses that the standard allows and no mail service uses
    assert normal_email(once) == once


@given(st.text(max_size=60))
@example("\x1b\xa00")
@example("a #b")
@example("\n?")
def test_a_normal_url_is_its_own_normal_form(url: str) -> None:
    try:
        once = normal_url(url)
    except SchemaError:
        return
    assert normal_url(once) == once


@given(
    MOMENTS,
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_every_local_time_is_read_as_a_moment_that_shows_it_or_is_moved_past_a_gap(
    naive: datetime, zone: str
) -> None:
    format_ = TimeFormat(text="iso", zone=ZoneInfo(zone), ambiguous="earlier", nonexistent="forward")
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=format_.milliseconds(naive.isoformat()))
    shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    moved = shown - naive.replace(microsecond=naive.microsecond // 1000 * 1000)
    assert moved in {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}
