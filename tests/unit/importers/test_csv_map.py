from pathlib import Path

import pytest

from processors.importers.csv_map import CsvMap, load_map
from schemas.errors import LifecycleError

DATE = "  Date: {time: iso, zone: Europe/Berlin}\n"
GOOD = "type: form_submitted\ncolumns:\n  Email: email\n  Form: {field: form}\n" + DATE


def load(tmp_path: Path, text: str, **dialect: str) -> CsvMap:
    file = tmp_path / "map.yaml"
    file.write_text(text, "utf-8")
    return load_map(file, **dialect)


def test_a_map_says_what_each_column_is(tmp_path: Path) -> None:
    map_ = load(tmp_path, GOOD)
    assert map_.columns["Email"].header == "email"
    assert map_.columns["Form"].field_for("form_submitted") == "form"
    assert (map_.encoding, map_.delimiter, map_.decimal) == ("utf-8", ",", ".")


def test_the_command_line_may_give_another_encoding_and_delimiter(tmp_path: Path) -> None:
    map_ = load(tmp_path, GOOD, encoding="cp1252", delimiter=";")
    assert (map_.encoding, map_.delimiter) == ("cp1252", ";")
    with pytest.raises(LifecycleError, match=r"'utf-16' is not an encoding .*: .*iconv"):
        load(tmp_path, GOOD, encoding="utf-16")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("Email: email", "Email: emial"), "3:10: 'emial' is not part of.*did you mean 'email'"),
        (GOOD.replace(": form}", ": from}"), "4:3: form_submitted has no field 'from'.*did you mean 'form'"),
        (GOOD.replace("{field: form}", "{feild: form}"), "4:10: unknown key 'feild'.*did you mean 'field'"),
        (GOOD.replace("form}", "form, header: email}"), "4:9: a column is for one thing"),
        (GOOD.replace("submitted", "submited"), "1:1: event type 'form_submited'.*'form_submitted'"),
        (GOOD.replace("type: form_submitted\n", ""), "1:1: the event type must be given once"),
        (GOOD + "  Kind: {type: {a: demo_requested}}\n", "2:1: the event type must be given once"),
        (GOOD.replace("  Form: {field: form}\n", ""), "1:1: form_submitted needs form.*map a column to it"),
        (GOOD.replace("  Email: email\n", ""), "2:1: no column names the contact"),
        (GOOD.replace(DATE, ""), "2:1: exactly one column must be the time"),
        (GOOD.replace("Date: {", "Day: {time: iso}\n  Date: {"), "2:1: exactly one column must be the time"),
        (GOOD.replace("Europe/Berlin", "Europe/Berln"), "5:21: 'Europe/Berln' is not.*'Europe/Berlin'"),
        (GOOD.replace("iso, zone: Europe/Berlin", "'%d.%m.%Y'"), "5:10: a time needs exactly one zone"),
        (GOOD.replace("iso", "'%d.%m.%Y %z'"), "5:10: a time needs exactly one zone"),
        (GOOD.replace("iso", "'%d.%m.%Y %Z'"), "5:10: zone names in cells are ambiguous"),
        (GOOD.replace("form}", "{page_view: url}}"), "4:3: no row becomes 'page_view'"),
        (GOOD + "  Title: {profile: job_title}\n", "6:3: no event of this map has profile"),
        (GOOD + "set: {currency: EUR}\n", "6:7: no event of this map has a field 'currency'"),
        (GOOD + "encoding: utf-16\n", "6:1: 'utf-16' is not an encoding"),
        (GOOD + "encoding: utf8mb4\n", "6:1: 'utf8mb4' is not an encoding"),
        (GOOD + "encoding: raw_unicode_escape\n", "6:1: 'raw_unicode_escape' is not an encoding"),
        (GOOD + "encoding: rot13\n", "6:1: 'rot13' is not an encoding"),
        (GOOD + "delimiter: ';;'\n", "6:1: ';;' is not one sign"),
        (GOOD + "decimal: ';'\n", "6:10: Input should be '.' or ','"),
        (GOOD + "columns: {}\n", "6:1: the key 'columns' appears twice"),
        ("columns: [\n", "2:1: not valid YAML"),
        ("", "1:1: "),
    ],
)  # fmt: skip
def test_a_wrong_map_is_refused_with_its_place_before_any_row_is_read(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(LifecycleError, match=f"(?s)map.yaml:{message}"):
        load(tmp_path, text)


def test_a_missing_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LifecycleError, match="No such file"):
        load_map(tmp_path / "none.yaml")
