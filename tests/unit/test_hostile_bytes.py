"""Everything that a publisher must not be able to send, refused with the reason."""

from __future__ import annotations

import json
import unicodedata
from time import process_time
from typing import Any

import pytest

from schemas import codec
from schemas.errors import SchemaError
from schemas.events import INTERNAL_TYPES, NEWEST, OUTPUT_TYPES
from tests.builders.samples import sample

PAGE_VIEW: dict[str, Any] = {
    "type": "page_view",
    "event_id": "e1",
    "contact_id": "c1",
    "occurred_at": 1_772_357_400_125,
    "url": "https://x.example/a",
}


def page_view(**change: object) -> bytes:
    return json.dumps(PAGE_VIEW | change).encode()


def avro(name: str, **change: object) -> bytes:
    return codec.encode(sample(name) | change)


def refusal(raw: bytes) -> str:
    with pytest.raises(SchemaError) as refused:
        codec.decode(raw, lambda _: NEWEST["page_view"])
    return str(refused.value)


VALID = avro("page_view")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "it is empty"),
        (b"\xc3", "it starts with c3"),
        (b"\xc3\x01", "no schema of ours has the fingerprint (none)"),
        (b"\xc3\x01abc", "no schema of ours has the fingerprint 616263"),
        (b"\xc3\x02" + VALID[2:], "neither Avro (C3 01 or 00 first) nor a JSON object"),
        (b"Obj\x01", "it starts with 4f 62 6a 01"),
        (b"\xef\xbb\xbf" + page_view(), "it starts with ef bb bf"),
        (b"[1]", "neither Avro"),
        (b"{" + b" " * codec.MAX_BYTES, "1,048,577 bytes are more than the 1,048,576 allowed"),
        (VALID[:-2], "page_view: cut short"),
        (VALID[:40], "page_view: field"),
        (VALID[:10], "page_view: field 'event_id': the bytes end too early"),
        (VALID + b"\0", "page_view: 1 bytes too many"),
        (b"\0", "cut short: 00 and four bytes of schema id"),
        (b"\0\0\0\0", "cut short: 00 and four bytes of schema id"),
        (b"\0\0\0\0\0" + VALID[10:], "schema id 0: a registry's ids start at 1"),
        (b"\0\xff\xff\xff\xff" + VALID[10:], "schema id -1: a registry's ids start at 1"),
        (b"\0\0\0\0\7" + VALID[10:] + b"\0", "page_view: 1 bytes too many"),
    ],
)
def test_bytes_that_are_no_event_are_refused(raw: bytes, reason: str) -> None:
    assert reason in refusal(raw)


def test_confluents_format_without_a_registry_is_refused() -> None:
    with pytest.raises(SchemaError, match="schema id 7, but no schema registry is configured"):
        codec.decode(b"\0\0\0\0\7" + VALID[10:])


HEADER = VALID[:10]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x01", "'event_id': a negative length"),
        (b"\xff" * 9 + b"\x7f", "'event_id': an integer longer than 64 bits"),
        (b"\xff" * 9 + b"\x03", "'event_id': an integer longer than 64 bits"),
        (b"\x80" * 10 + b"\0", "'event_id': an integer longer than 64 bits"),
        (b"\x80" * 1000, "'event_id': an integer longer than 64 bits"),
        (b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "'contact_id': the bytes end too early"),
        (b"\x02\xff", "'event_id': 'utf-8' codec can't decode"),
        (b"\x06\xed\xa0\x80", "'event_id': 'utf-8' codec can't decode"),
        (b"\x02e\x01", "'contact_id': a union branch that does not exist"),
        (b"\x02e\x04", "'contact_id': a union branch that does not exist"),
    ],
)
def test_avro_that_breaks_its_own_rules_is_refused(body: bytes, reason: str) -> None:
    assert refusal(HEADER + body).startswith("page_view: field")
    assert reason in refusal(HEADER + body)


@pytest.mark.parametrize("index", [b"\x01", b"\x03", b"\x08", b"\xff\x01"])
def test_an_enum_index_out_of_range_is_refused_the_negative_one_too(index: bytes) -> None:
    raw = avro("qualified_answer", answer=None, actor=None)
    assert raw[-3:] == b"\x06\0\0"
    assert "'topic': enum index" in refusal(raw[:-3] + index + b"\0\0")


def test_a_boolean_that_is_neither_is_refused() -> None:
    raw = avro("asset_download", gated=True)
    assert "'gated': a boolean byte of 2" in refusal(raw[:-1] + b"\x02")


def test_a_decimal_of_too_many_digits_is_refused() -> None:
    raw = avro("deal_changed", amount=None, currency=None)
    assert "more than 18 digits" in refusal(raw[:-2] + b"\x02" + b"\x12" + b"\x7f" * 9 + b"\0")
    assert "more than 15 digits" in refusal(raw[:-2] + b"\x02" + b"\x10" + b"\x7f" * 8 + b"\0")


def map_event(entries: bytes) -> bytes:
    raw = avro("custom_event", properties={})
    return raw[:-1] + entries


@pytest.mark.parametrize("branch", [b"\x01", b"\x0a"])
def test_a_branch_of_a_map_that_does_not_exist_is_refused_the_negative_one_too(branch: bytes) -> None:
    assert "a union branch that does not exist" in refusal(map_event(b"\x02\x02a" + branch + b"\x02b\0"))


def test_a_key_given_twice_is_refused() -> None:
    assert "'properties': a key given twice" in refusal(map_event(b"\x04\x02a\x00\x02a\x00\x00"))


def test_a_block_of_a_map_may_carry_its_size_as_some_writers_do() -> None:
    event = codec.decode(map_event(b"\x03\x0c\x02a\x04\x02\x02b\x00\x00"))
    assert event["properties"] == {"a": 1, "b": None}


@pytest.mark.parametrize("count", [10_000, 2**62])
def test_a_map_of_too_many_entries_is_refused(count: int) -> None:
    many = {f"k{number}": 1 for number in range(10_000)}
    start = process_time()
    if count == len(many):
        assert "properties has 10,000 entries, more than the 256 allowed" in refusal(
            avro("custom_event", properties=many)
        )
    else:
        assert "the bytes end too early" in refusal(map_event(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
    assert process_time() - start < 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"occurred_at": 0}, "occurred_at 0 is not between the years 2000 and 2100"),
        ({"occurred_at": -1}, "is not between the years 2000 and 2100"),
        ({"occurred_at": 253_402_300_799_000}, "is not between the years 2000 and 2100"),
        ({"occurred_at": 1_772_357_400}, "looks like seconds: give milliseconds"),
        ({"occurred_at": 1_772_357_400_125_000}, "looks like microseconds: give milliseconds"),
        ({"event_id": ""}, "event_id is empty"),
        ({"contact_id": ""}, "contact_id is empty"),
        ({"contact_id": " c1"}, "contact_id holds a line break, an invisible character or space at an end"),
        ({"contact_id": "c1\n"}, "contact_id holds a line break"),
        ({"contact_id": "c\u200b1"}, "an invisible character"),
        ({"contact_id": "c" * 10_000}, "contact_id has 10,000 bytes, more than the 256 allowed"),
        ({"contact_id": "ü" * 129}, "contact_id has 258 bytes"),
        ({"contact_id": "c\0"}, "contact_id holds the forbidden character U+0000 at position 1"),
        ({"contact_id": "c\u202e1"}, "forbidden character U+202E"),
        ({"contact_id": None}, "names no contact: give contact_id, anonymous_id or email"),
        ({"anonymous_id": "a" * 252}, "anonymous_id has 252 bytes, more than the 251 allowed"),
        ({"email": "ada"}, "email is not an e-mail address"),
        ({"email": "a@b@c"}, "email is not an e-mail address"),
        ({"url": "a" * 8193}, "url has 8,193 bytes, more than the 8,192 allowed"),
        ({"url": "a\0b"}, "url holds the forbidden character U+0000"),
        ({"campaign": "\u202espring"}, "campaign holds the forbidden character U+202E"),
        ({"campaign": "\ufeffspring"}, "campaign holds the forbidden character U+FEFF"),
    ],
)
def test_values_that_make_no_sense_are_refused_in_avro_and_in_json(
    change: dict[str, Any], reason: str
) -> None:
    assert reason in refusal(page_view(**change))
    event = dict.fromkeys(sample("page_view")) | PAGE_VIEW | change
    assert reason in refusal(codec.encode(event))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"type":"page_view","event_id":"\\ud800"}', "occurred_at is missing"),
        (page_view(url="\ud800"), "url holds the forbidden character U+D800"),
        (b'{"a":NaN}', "NaN is not a JSON number"),
        (b'{"a":-Infinity}', "-Infinity is not a JSON number"),
        (b'{"a":1,"a":1}', "a field is given twice"),
        (b'{"a":{"b":1,"b":2}}', "a field is given twice"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"a":' + b'{"a":' * 100_000, "nested too deeply"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON: Exceeds the limit"),
        (b'{"a":1e99999999999999999999}', "is out of range"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":"\n"}', "not JSON"),
        (b'{"type":7}', 'no event type: give "type"'),
        (b"{}", 'no event type: give "type"'),
        (b"{} {}", "not JSON: Extra data"),
    ],
)
def test_json_that_is_no_event_is_refused(line: bytes, reason: str) -> None:
    assert reason in refusal(line)


@pytest.mark.parametrize("contact", ["a:b{c}", "anon:v1", "email:0123abc", "O'Brien; drop", "日本", "c 1"])
def test_odd_but_harmless_ids_are_accepted(contact: str) -> None:
    assert codec.decode(page_view(contact_id=contact))["contact_id"] == contact


def test_two_spellings_of_one_id_are_one_contact() -> None:
    composed = unicodedata.normalize("NFC", "Zoë")
    decomposed = unicodedata.normalize("NFD", "Zoë")
    assert composed != decomposed
    assert codec.decode(page_view(contact_id=decomposed))["contact_id"] == composed
    entries = codec.decode(avro("custom_event", properties={decomposed: decomposed}))["properties"]
    assert entries == {composed: composed}


def test_text_may_hold_line_breaks_and_joiners() -> None:
    answer = "Budget:\n\t20 k 👩‍💻"
    assert codec.decode(avro("qualified_answer", answer=answer))["answer"] == answer


@pytest.mark.parametrize("name", [*INTERNAL_TYPES, *OUTPUT_TYPES])
def test_what_stageline_writes_itself_cannot_be_published(name: str) -> None:
    assert refusal(avro(name)) == f"{name} is written by Stageline itself, not by publishers."


def test_an_identification_needs_two_ids() -> None:
    event = sample("contact_identified") | {"contact_id": None, "email": None}
    assert refusal(codec.encode(event)) == (
        "contact_identified joins two ids: give two of contact_id, anonymous_id and email."
    )


def test_spend_belongs_to_no_contact() -> None:
    event = sample("spend_recorded") | {"contact_id": None, "anonymous_id": None, "email": None}
    assert codec.decode(codec.encode(event)) == event


def test_a_refusal_does_not_repeat_personal_text() -> None:
    assert "ada" not in refusal(page_view(email="ada.lovelace"))
    assert "ada" not in refusal(page_view(occurred_at=True, email="ada@x.example"))
