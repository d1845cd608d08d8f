from io import BytesIO
from pathlib import Path

import pytest

from processors.feeds.items import Item, Refused, Row, Skipped
from processors.feeds.lines import MAX_LINE, open_input, read_lines
from processors.importers.csv_file import read_csv
from processors.importers.csv_map import CsvMap, load_map
from schemas.errors import LifecycleError

DATA = Path(__file__).parents[2] / "data" / "csv"
COLUMNS = {
    "Id": "contact_id",
    "Form": {"field": "form"},
    "Date": {"time": "iso", "zone": "UTC"},
}
HEADER = b"Id,Form,Date\n"
SKIPPED_HOUR = (
    "column 'Activity date': 2026-03-08 02:30:00 never was in America/New_York: clocks were put forward. "
    "Write `nonexistent: forward` in the map to move such times on by the hour."
)


def map_(**changed: object) -> CsvMap:
    return CsvMap.model_validate({"type": "form_submitted", "columns": COLUMNS} | changed)


def read(data: bytes, map_: CsvMap) -> list[Item]:
    return list(read_csv(read_lines(BytesIO(data)), map_))


def example(name: str) -> list[Item]:
    with open_input(str(DATA / f"{name}.csv")) as source:
        return list(read_csv(source.lines, load_map(DATA / f"{name}.map.yaml")))


def ids(items: list[Item]) -> list[str]:
    return [item.event["event_id"] for item in items if isinstance(item, Row)]


def test_a_hubspot_export_becomes_events_of_every_mapped_kind() -> None:
    items = example("hubspot-activities")
    assert [(item.line, item.event["type"]) for item in items if isinstance(item, Row)] == [
        (2, "webinar_attended"),
        (3, "asset_download"),
        (4, "email_clicked"),
        (5, "contact_updated"),
        (6, "form_submitted"),
        (11, "form_submitted"),
    ]
    assert [item for item in items if isinstance(item, Skipped)] == [
        Skipped(line=7, reason="Activity type not in the map")
    ]
    assert [(item.line, item.reason.split(";")[-1]) for item in items if isinstance(item, Refused)] == [
        (9, "form_submitted: email is not an e-mail address (name@domain)."),
        (10, SKIPPED_HOUR),
        (12, " did you mean 'Decision'?"),
    ]


def test_a_salesforce_report_from_a_german_excel_keeps_its_amounts_exactly() -> None:
    items = example("salesforce-opportunities")
    deals = [item.event for item in items if isinstance(item, Row)]
    assert [(deal["stage"], str(deal["amount"])) for deal in deals] == [
        ("qualification", "None"),
        ("proposal", "12500.000"),
        ("closed_lost", "800.500"),
        ("closed_won", "12250.000"),
    ]
    assert {(deal["source"], deal["currency"]) for deal in deals} == {("salesforce", "EUR")}
    assert [(item.line, item.original[:8]) for item in items if isinstance(item, Refused)] == [
        (6, b"0035g03;")
    ]


def test_a_row_over_several_lines_has_the_number_of_its_first_and_all_its_bytes() -> None:
    data = HEADER + b'c1,"de\nmo",2026-03-01\nc2,"a\n\nb",never\nc3,x,2026-03-01\n'
    first, second, third = read(data, map_())
    assert (first.line, second.line, third.line) == (2, 4, 7)
    assert isinstance(second, Refused)
    assert second.original == b'c2,"a\n\nb",never\n'
    assert isinstance(first, Row)
    assert first.event["form"] == "de\nmo"


def test_a_row_without_an_id_gets_one_from_its_content_and_equal_rows_stay_apart() -> None:
    data = HEADER + b"c1,demo,2026-03-01\n" * 2 + b"c2,demo,2026-03-01\n"
    found = ids(read(data, map_()))
    assert len(set(found)) == 3
    assert ids(read(data, map_())) == found


def test_a_column_that_is_not_mapped_does_not_change_the_id() -> None:
    one = b"Id,Form,Date,Changed\nc1,demo,2026-03-01,monday\n"
    assert ids(read(one, map_())) == ids(read(one.replace(b"monday", b"tuesday"), map_()))


def test_a_byte_order_mark_and_spaces_around_names_and_cells_do_not_count() -> None:
    (row,) = read(b"\xef\xbb\xbfId , Form,Date\n c1 ,demo , 2026-03-01\n", map_())
    assert isinstance(row, Row)
    assert (row.event["contact_id"], row.event["form"]) == ("c1", "demo")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (b"c1,demo\n", "2 cells under 3 column names"),
        (b"c1,demo,2026-03-01,x\n", "4 cells under 3 column names"),
        (b'c1,"demo"x,2026-03-01\n', "not CSV: "),
        (b"c1,demo,\n", "the time is empty"),
        (b",demo,2026-03-01\n", "give contact_id, anonymous_id or email"),
        (b"c1,,2026-03-01\n", "form is missing"),
        (b"c1,caf\xe9,2026-03-01\n", "give another `encoding`"),
        (b"c1,de\x00mo,2026-03-01\n", "forbidden character U+0000"),
        (b"c1," + b"x" * 200_000 + b",2026-03-01\n", "not CSV: field larger than field limit"),
        (b"c1,demo,1926-03-01\n", "is not between the years 2000 and 2100"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_and_the_next_one_is_read(rows: bytes, reason: str) -> None:
    first, second = read(HEADER + rows + b"c2,demo,2026-03-01\n", map_())
    assert isinstance(first, Refused)
    assert (first.line, first.original) == (2, rows)
    assert reason in first.reason
    assert isinstance(second, Row)


def test_a_quote_that_is_never_closed_is_refused_with_all_it_swallowed() -> None:
    (refused,) = read(HEADER + b'c1,"demo,2026-03-01\nc2,demo,2026-03-01\n', map_())
    assert isinstance(refused, Refused)
    assert "unexpected end of data" in refused.reason
    assert refused.original.count(b"\n") == 2


def test_a_line_too_long_to_hold_is_refused_piece_by_piece() -> None:
    items = read(HEADER + b"c1," * (MAX_LINE // 3) + b"c1,demo,2026-03-01\nc2,demo,2026-03-01\n", map_())
    assert [type(item).__name__ for item in items] == ["Refused", "Refused", "Row"]
    assert [item.line for item in items] == [2, 2, 3]


def test_a_type_that_the_map_does_not_name_is_refused_or_skipped_as_the_map_says() -> None:
    type_ = {"type": {"demo": "form_submitted"}, "other": "skip"}
    columns = {**COLUMNS, "Kind": type_}
    data = b"Id,Form,Date,Kind\nc1,x,2026-03-01,demoo\n"
    assert read(data, map_(type=None, columns=columns)) == [Skipped(line=2, reason="Kind not in the map")]
    columns["Kind"] = type_ | {"other": "refuse"}
    (refused,) = read(data, map_(type=None, columns=columns))
    assert isinstance(refused, Refused)
    assert refused.reason == "column 'Kind': 'demoo' is no event type of the map; did you mean 'demo'?"


def test_empty_lines_are_skipped() -> None:
    assert read(HEADER + b"\n", map_()) == [Skipped(line=2, reason="empty line")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no column names: the input is empty"),
        (b'"Id,Form\n', "no column names: not CSV"),
        (b"Id,From,Date\n", "the map has a column 'Form', the file has not: did you mean 'From'"),
        (
            b"Id;Form;Date\n",
            r"there is: Id;Form;Date \(its columns are split at ','; --delimiter changes that",
        ),
        (b"Id,a\rb,Date\n", "not CSV: new-line character seen in unquoted field.$"),
        (b"Id,Form,Date,Form\n", "column 'Form' stands twice"),
    ],
)
def test_a_first_line_that_does_not_fit_the_map_stops_the_import(data: bytes, message: str) -> None:
    with pytest.raises(LifecycleError, match=message):
        read(data, map_())


def test_properties_of_custom_events_have_the_kind_that_the_map_says() -> None:
    columns = {
        "Id": "contact_id", "Date": {"time": "iso", "zone": "UTC"}, "What": {"field": "name"},
        "Seats": {"property": "seats", "as": "integer"}, "Trial": {"property": "trial", "as": "boolean"},
    }  # fmt: skip
    (row,) = read(
        b"Id,Date,What,Seats,Trial\nc1,2026-03-01,seat added,12,yes\n",
        map_(type="custom_event", columns=columns),
    )
    assert isinstance(row, Row)
    assert row.event["properties"] == {"seats": 12, "trial": True}
