from typing import Any

import pytest

from processors.identity import email_id
from processors.intake import admit, normal_url
from schemas.codec import decode_trusted, encode
from schemas.errors import SchemaError
from schemas.ndjson import parse_line

NOW = 1_772_357_400_000  # 2026-03-01T09:30:00Z


def admitted(line: str) -> list[tuple[bytes, dict[str, Any]]]:
    return [(key, decode_trusted(value)) for key, value in admit(line.encode(), received_at=NOW)]


def page_view(**fields: str) -> str:
    given = "".join(f', "{name}": "{value}"' for name, value in fields.items())
    event = '"type": "page_view", "event_id": "e1", "occurred_at": "2026-03-01T09:00:00Z", "url": "/a"'
    return f"{{{event}{given}}}"


def test_an_event_is_keyed_by_its_contact_and_stamped_with_its_arrival() -> None:
    ((key, event),) = admitted(page_view(contact_id="c1"))
    assert (key, event["contact_id"], event["received_at"]) == (b"c1", "c1", NOW)


def test_avro_and_json_of_one_event_become_the_same_record() -> None:
    line = page_view(contact_id="c1")
    assert admit(encode(parse_line(line)), received_at=NOW) == admit(line.encode(), received_at=NOW)


def test_an_address_is_stored_in_its_normal_form_and_hashed_into_the_key() -> None:
    ((key, event),) = admitted(page_view(email="Ann@Acme.Example"))
    assert event["email"] == "ann@acme.example"
    assert key.decode() == event["contact_id"] == email_id("ann@acme.example")


def test_what_a_publisher_claims_as_arrival_does_not_count() -> None:
    value = page_view(contact_id="c1").replace("}", ', "received_at": "2026-01-01T00:00:00Z"}')
    assert admitted(value)[0][1]["received_at"] == NOW


def test_an_identification_tells_each_lesser_id_which_contact_it_is() -> None:
    line = (
        '{"type": "contact_identified", "event_id": "e1", "occurred_at": "2026-03-01T09:00:00Z",'
        ' "contact_id": "c1", "anonymous_id": "v1", "email": "ann@acme.example"}'
    )
    assert [(key.decode(), event["contact_id"], event["into"]) for key, event in admitted(line)] == [
        (email_id("ann@acme.example"), email_id("ann@acme.example"), "c1"),
        ("anon:v1", "anon:v1", "c1"),
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (page_view().encode(), "give contact_id, anonymous_id or email"),
        (b"\x00\x00", "Confluent wire format cut short"),
        (page_view(contact_id="c1").replace("page_view", "page_veiw").encode(), "did you mean page_view"),
        (b" " * 2_000_000, "more than the 1,048,576 allowed"),
        (page_view(contact_id="c1", email="ann@@acme.example").encode(), "email is not an"),
        (page_view(contact_id="c1").replace('"/a"', '"http://[::1/a"').encode(), "url is not a URL"),
    ],
)
def test_what_can_never_be_read_is_refused_with_its_reason(value: bytes, reason: str) -> None:
    with pytest.raises(SchemaError, match=reason):
        admit(value, received_at=NOW)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://Ann:secret@WWW.Acme.Example:443/A?b=C#d", "https://www.acme.example/A?b=C"),
        ("http://acme.example:8080/", "http://acme.example:8080/"),
        ("http://[2001:DB8::1]:80/x", "http://[2001:db8::1]/x"),
        ("/products/a?utm_source=x#top", "/products/a?utm_source=x"),
        ("products/a", "products/a"),
        ("//ann@Acme.Example/a", "//acme.example/a"),
        ("https://acme.example//a b#c", "https://acme.example//a b"),
    ],
)
def test_a_url_keeps_its_path_and_query_and_loses_what_is_private_or_noise(url: str, normal: str) -> None:
    assert normal_url(url) == normal


def test_a_normal_url_is_its_own_normal_form() -> None:
    once = normal_url("HTTP://Acme.Example:80/a?b#c")
    assert normal_url(once) == once
