from decimal import Decimal

import pytest

from schemas import codec, ndjson
from schemas.errors import SchemaError

PAGE_VIEW = (
    '{"type":"page_view","event_id":"e1","contact_id":"c1","occurred_at":"2026-03-01T09:30:00Z",'
    '"url":"https://x.example/products/a"}'
)


def test_an_event_survives_its_encoding() -> None:
    event = ndjson.parse_line(PAGE_VIEW)
    assert codec.decode(codec.encode(event)) == event
    assert codec.decode_trusted(codec.encode(event)) == event


def test_json_is_read_from_bytes_too() -> None:
    assert codec.decode(b"\n " + PAGE_VIEW.encode()) == ndjson.parse_line(PAGE_VIEW)


def test_an_amount_is_exact() -> None:
    line = PAGE_VIEW.replace('"page_view"', '"deal_changed"').replace(
        '"url":"https://x.example/products/a"', '"deal":"d1","stage":"open","amount":1200.50'
    )
    event = codec.decode(codec.encode(ndjson.parse_line(line)))
    assert event["amount"] == Decimal("1200.5")
    assert '"amount":1200.5}' in ndjson.to_line(event)


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(SchemaError, match="page_view: 1 bytes too many"):
        codec.decode(codec.encode(ndjson.parse_line(PAGE_VIEW)) + b"\0")
