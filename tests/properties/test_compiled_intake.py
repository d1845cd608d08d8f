"""The compiled intake on anything: it gives what the reference gives, or leaves it to the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from processors.compiled_intake import OTHERS, compiled_intake
from processors.intake import admit
from schemas import codec, ndjson
from schemas.errors import SchemaError
from schemas.events import EVENT_TYPES
from tests.builders import both
from tests.builders.random_events import published
from tests.builders.samples import sample

if TYPE_CHECKING:
    from schemas.events import Event

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
NOW = 1_772_357_400_000  # ms, UTC
PLAIN = [
    sample(name) | {"contact_id": "c1", "anonymous_id": "v1", "email": None}
    for name in EVENT_TYPES
    if name not in OTHERS
]
SENT = [written for event in PLAIN for written in (codec.encode(event), ndjson.to_line(event).encode())]


def same_or_left(sent: bytes) -> tuple[bytes, bytes] | None:
    compiled = compiled_intake()
    assert compiled is not None
    (done,) = compiled.admit([(sent, NOW)])
    if done is not None:
        assert (done,) == admit(sent, received_at=NOW)
    return done


@given(published)
def test_any_event_in_either_encoding(event: Event) -> None:
    same_or_left(codec.encode(event))
    same_or_left(ndjson.to_line(event).encode())


URL = '{"type":"page_view","event_id":"e","contact_id":"c","occurred_at":1772357400000,"url":"%s"}'
TIME = '{"type":"page_view","event_id":"e","contact_id":"c","occurred_at":"%s","url":"/"}'
ID = '{"type":"page_view","event_id":"e","contact_id":"%s","occurred_at":1772357400000,"url":"/"}'


@given(st.text(st.sampled_from('htps:/ab.-A0#? %\\"@[]é'), max_size=20))
@example("http://a/")
@example("http://a//b")
@example("https://a")
@example("//a/b")
def test_any_url(url: str) -> None:
    same_or_left((URL % url).encode())
    same_or_left((URL % f"https://{url}").encode())


@given(
    st.one_of(
        st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"),
        st.from_regex(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", fullmatch=True),
    )
)
def test_any_time(time: str) -> None:
    same_or_left((TIME % time).encode())


@given(st.one_of(st.text(max_size=8), st.sampled_from(["email:", "anon:v", " c", "c ", "", "c" * 257])))
def test_any_contact_id(contact_id: str) -> None:
    same_or_left((ID % contact_id).encode("utf-8", "surrogatepass"))


@given(st.sampled_from(SENT), st.data())
def test_a_plain_event_with_bytes_changed(sent: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sent)))
    put = data.draw(
        st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b",", b"0", b"null", b"{", b"}"]))
    )
    cut = data.draw(st.integers(0, 4))
    try:
        same_or_left(sent[:at] + put + sent[at + cut :])
    except SchemaError:
        pytest.fail("the compiled intake took what the reference refuses")
