"""The compiled intake takes what publishers mostly send, and leaves the rest."""

from __future__ import annotations

import pytest

from processors.compiled_intake import OTHERS, compiled_intake
from processors.intake import admit
from schemas import codec, ndjson
from schemas.events import EVENT_TYPES
from tests.builders import both
from tests.builders.samples import sample

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
NOW = 1_772_357_400_000  # ms, UTC
RARE = OTHERS | {"contact_updated", "custom_event", "deal_changed"}  # as the samples of these have them
LINE = (
    '{"type": "page_view", "event_id": "e1", "occurred_at": "2026-03-01T09:00:00Z", "url": "/a",'
    ' "contact_id": "c1"}'
)


def compiled_admit(sent: bytes | None) -> tuple[bytes, bytes] | None:
    compiled = compiled_intake()
    assert compiled is not None
    return compiled.admit([(sent, NOW)])[0]


@pytest.mark.parametrize("name", [name for name in EVENT_TYPES if name not in RARE])
def test_a_plain_event_of_each_type_is_taken(name: str) -> None:
    event = sample(name) | {"contact_id": "c1", "email": None, "source": "news", "company_id": "acme"}
    event |= {"url": "https://acme.example/a?b"} if name == "page_view" else {}
    event |= {"answer": None} if name == "qualified_answer" else {}  # has to be sealed
    for sent in (codec.encode(event), ndjson.to_line(event).encode()):
        done = compiled_admit(sent)
        assert done is not None
        assert (done,) == admit(sent, received_at=NOW)


def test_a_visitor_is_a_contact_too() -> None:
    sent = LINE.replace('"contact_id": "c1"', '"anonymous_id": "v1"').encode()
    done = compiled_admit(sent)
    assert done is not None
    assert (done,) == admit(sent, received_at=NOW)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        b"",
        b"\xc3\x01",
        b"\x00\x00\x00\x00\x01" + codec.encode(sample("page_view"))[10:],
        LINE.replace("page_view", "no_such").encode(),
        LINE.replace('"c1"', '"c1", "email": "ann@acme.example"').encode(),
        LINE.replace('"c1"', '"email:ann"').encode(),
        LINE.replace('"c1"', '"c\u00e9"').encode(),
        LINE.replace('"c1"', '"c1", "extra": 1').encode(),
        LINE.replace("/a", "HTTPS://Acme.example:443/a").encode(),
        LINE.replace("2026", "1999").encode(),
        LINE.replace('"url": "/a", ', "").encode(),
        LINE.replace('"/a"', "null").encode(),
        LINE.replace("/a", "/" + "a" * 8_192).encode(),
        codec.encode(sample("clock_advanced")),
    ],
)
def test_the_rest_is_left_to_the_reference(sent: bytes | None) -> None:
    assert compiled_admit(sent) is None
