from __future__ import annotations

from decimal import Decimal

import pytest

from schemas import ndjson
from schemas.errors import SchemaError
from schemas.events import EVENT_TYPES
from tests.builders.samples import sample


def line(event_type: str = "page_view", **fields: str) -> str:
    """A line whose fields are given as JSON text."""
    given = {"event_id": '"e1"', "contact_id": '"c1"', "occurred_at": '"2026-03-01T09:30:00Z"'} | fields
    fields_text = ",".join(f'"{name}":{text}' for name, text in given.items())
    return f'{{"type":"{event_type}",{fields_text}}}'


def test_the_line_of_the_documentation_is_read() -> None:
    event = ndjson.parse_line(line(url='"https://x.example/products/a"'))
    assert event == {
        "type": "page_view",
        "event_id": "e1",
        "contact_id": "c1",
        "anonymous_id": None,
        "email": None,
        "occurred_at": 1_772_357_400_000,
        "received_at": None,
        "source": None,
        "campaign": None,
        "medium": None,
        "company_id": None,
        "url": "https://x.example/products/a",
    }


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_can_be_written_and_read_again(event_type: str) -> None:
    assert ndjson.parse_line(ndjson.to_line(sample(event_type))) == sample(event_type)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1772357400125", 1_772_357_400_125),
        ("1772357400125.0", 1_772_357_400_125),
        ('"2026-03-01T09:30:00.125Z"', 1_772_357_400_125),
        ('"2026-03-01T09:30:00.125999Z"', 1_772_357_400_125),
        ('"2026-03-01T10:30:00+01:00"', 1_772_357_400_000),
        ('"2026-03-01 09:30Z"', 1_772_357_400_000),
        ('"20260301T093000Z"', 1_772_357_400_000),
    ],
)
def test_time_is_iso_8601_with_zone_or_milliseconds(text: str, moment: int) -> None:
    assert ndjson.parse_line(line(occurred_at=text, url='"/a"'))["occurred_at"] == moment


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1200.50", "1200.500"),
        ("1200", "1200.000"),
        ("-0.001", "-0.001"),
        ("1.2e3", "1200.000"),
        ("999999999999999.999", "999999999999999.999"),
    ],
)
def test_amounts_are_exact(text: str, amount: str) -> None:
    event = ndjson.parse_line(line("deal_changed", deal='"d"', stage='"open"', amount=text))
    assert str(event["amount"]) == amount
    assert ndjson.parse_line(ndjson.to_line(event)) == event


def test_the_entries_of_a_map_keep_their_types() -> None:
    text = '{"title":"CTO","size":250,"half":0.5,"whole":5.0,"icp":true,"gone":null}'
    profile = ndjson.parse_line(line("contact_updated", profile=text))["profile"]
    assert repr(profile) == repr(
        {"title": "CTO", "size": 250, "half": Decimal("0.500"), "whole": 5, "icp": True, "gone": None}
    )


def test_defaults_fill_in_what_is_left_out() -> None:
    event = ndjson.parse_line(line("asset_download", asset='"guide"'))
    assert (event["gated"], event["buying_stage"]) == (False, None)
    assert ndjson.parse_line(line("custom_event", name='"x"'))["properties"] == {}


def test_a_default_map_is_not_shared_between_events() -> None:
    ndjson.event_of({**sample("custom_event"), "properties": None})["properties"]["left"] = 1
    assert ndjson.parse_line(line("custom_event", name='"x"'))["properties"] == {}


def test_lifting_an_override_must_be_said() -> None:
    fields = {"kind": '"pin"', "actor": '"ada"', "reason": '"done"'}
    assert ndjson.parse_line(line("stage_overridden", stage="null", **fields))["stage"] is None
    with pytest.raises(SchemaError, match="stage is missing: give it a value"):
        ndjson.parse_line(line("stage_overridden", **fields))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "not JSON: Expecting value: line 1 column 1"),
        ("9" * 5_000, "string conversion: value has 5000 digits."),
        ("[1]", "not a JSON object: an event is one {...} per line"),
        ('"page_view"', "not a JSON object"),
        (line("page_vew"), "event type 'page_vew' is not known; did you mean page_view?"),
        (line("zzz"), "event type 'zzz' is not known; known: asset_download, "),
        (line("stage_changed"), "event type 'stage_changed' is not known"),
        (line(urll='"/a"'), "page_view: field 'urll' is not known; did you mean url?"),
        (line(), "page_view: url is missing: give it a value"),
        (line(url="null"), "page_view: url is missing"),
        (line(url="7"), "url must be text in quotes, not this number"),
        (line(url="[]"), "url must be text in quotes, not a list"),
        (
            line(url='"/a"', occurred_at='"2026-03-01T09:30:00"'),
            "has no time zone: end it with Z or an offset",
        ),
        (line(url='"/a"', occurred_at='"2026-03-01"'), "has no time zone"),
        (line(url='"/a"', occurred_at='"1 March"'), "'1 March' is not a time: write 2026-03-01T09:30:00Z"),
        (line(url='"/a"', occurred_at='"2026-02-30T00:00:00Z"'), "is not a time"),
        (
            line(url='"/a"', occurred_at="true"),
            "occurred_at must be a whole number of 64 bits, not true or false",
        ),
        (line(url='"/a"', occurred_at='"1970-01-01T00:00:00Z"'), "is not between the years 2000 and 2100"),
        (
            line("webinar_attended", webinar='"w"', minutes='"3"'),
            "minutes must be a whole number of 64 bits, not text",
        ),
        (line("webinar_attended", webinar='"w"', minutes="true"), "minutes must be a whole number"),
        (line("webinar_attended", webinar='"w"', minutes="3.5"), "minutes must be a whole number"),
        (
            line("webinar_attended", webinar='"w"', minutes="9223372036854775808"),
            "minutes must be a whole number",
        ),
        (line("asset_download", asset='"g"', gated='"yes"'), "gated must be true or false, not text"),
        (
            line("asset_download", asset='"g"', buying_stage='"decison"'),
            "'decison' is not known; did you mean decision?",
        ),
        (
            line("asset_download", asset='"g"', buying_stage="{}"),
            "buying_stage value '{}' is not known; known: ",
        ),
        (line("deal_changed", deal='"d"', stage='"o"', amount='"12"'), "amount must be a number, not text"),
        (
            line("deal_changed", deal='"d"', stage='"o"', amount="0.0001"),
            "amount has more than three decimals: round it",
        ),
        (
            line("deal_changed", deal='"d"', stage='"o"', amount="1e15"),
            "amount has more than 15 digits before the point",
        ),
        (line("deal_changed", deal='"d"', stage='"o"', amount="1e999999"), "amount has more than 15 digits"),
        (
            line("deal_changed", deal='"d"', stage='"o"', amount="1e-999999"),
            "amount has more than three decimals",
        ),
        (line("contact_updated", profile="[]"), "profile must be an object, not a list"),
        (
            line("contact_updated", profile='{"a":{}}'),
            "profile must hold text, numbers, true, false or null, not an object",
        ),
        (line("contact_updated", profile='{"a":1e99}'), "profile has more than 15 digits before the point"),
    ],
)
def test_a_bad_line_is_refused_with_field_and_remedy(text: str, reason: str) -> None:
    with pytest.raises(SchemaError) as refused:
        ndjson.parse_line(text)
    assert reason in str(refused.value)


def test_python_callers_get_the_same_refusals() -> None:
    with pytest.raises(SchemaError, match="amount must be a number, not a binary float: give a Decimal"):
        ndjson.event_of({**sample("deal_changed"), "amount": 1.5})
    with pytest.raises(SchemaError, match="amount must be a number"):
        ndjson.event_of({**sample("deal_changed"), "amount": Decimal("NaN")})
    with pytest.raises(SchemaError, match="profile must be text in quotes, not this number"):
        ndjson.event_of({**sample("contact_updated"), "profile": {1: "a"}})
