"""Messages meant to harm, and what has to become of each: refused with its bytes kept, or one event like any.

What is refused and what is not stands in docs/events.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.codec import encode
from schemas.ndjson import event_of
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = 1_780_000_000_000  # 2026-05-28, ms
MIB = 1 << 20
HEADERS: list[tuple[str, str | bytes | None]] = [(f"header-{number}", b"x") for number in range(10_000)]


class Hostile(NamedTuple):
    """`admitted`: the event's canonical contact and id; None: it belongs into the dead letters."""

    value: bytes
    admitted: tuple[bytes, str] | None = None
    key: bytes | None = b"hostile"
    headers: list[tuple[str, str | bytes | None]] = []  # noqa: RUF012 - never changed


def _json(**changed: Any) -> bytes:  # noqa: ANN401 - JSON values
    event = {"type": "page_view", "event_id": "e", "contact_id": "c", "occurred_at": AT, "url": "/a"}
    return json.dumps(event | changed).encode()


def _contact(contact_id: str, canonical: str | None = None, **given: Any) -> Hostile:  # noqa: ANN401
    expected = (canonical or contact_id).encode(), "hostile"
    return Hostile(_json(contact_id=contact_id, event_id="hostile"), expected, **given)


def _avro() -> bytes:
    fields: Mapping[str, Any] = json.loads(_json(occurred_at="2026-03-01T09:30:00Z"))
    return encode(validate(event_of(dict(fields))))


FRAMED = (
    b"\xc3\x02" + _avro()[2:],  # wrong magic bytes
    b"\x01" + _avro()[1:],
    b"\xc3\x01" + bytes(8) + _avro()[10:],  # nobody's fingerprint
    *(b"\x00" + id_.to_bytes(4, "big", signed=True) + _avro()[10:] for id_ in (0, -1, 4_711)),
    *(_avro()[:size] for size in range(5)),
    *(b"\x00" * size for size in range(1, 5)),
    *(_avro()[:size] for size in (9, 10, 11, len(_avro()) // 2, len(_avro()) - 1)),
    _avro() + b"\x00",
    _json() + b"{}",
    b"{",
    b" " * MIB + b"{",  # a byte more than a message may have
)
VALUES = (
    _json(occurred_at=float("nan")),
    _json(occurred_at=float("inf")),
    _json(type="deal_changed", url=None),
    _json(type="page_wiew"),
    _json(type="clock_advanced"),
    _json(occurred_at=0),
    _json(occurred_at=-1),
    _json(occurred_at="9999-12-31T23:59:59Z"),
    _json(occurred_at=AT // 1_000),  # seconds
    _json(contact_id="a\x00b"),
    _json(contact_id="a\u202eb"),  # right-to-left override
    _json(contact_id="\ud800"),  # lone surrogate
    _json(contact_id=""),
    _json(event_id=""),
    _json(contact_id=None),
    _json(contact_id="c" * 10_000),
    _json(contact_id="line\nbreak"),
    _json(type="contact_updated", profile={f"fact-{n}": n for n in range(10_000)}),
)
ADMITTED = (
    _contact("colon:{brace}", key=b"colon:{brace}"),
    _contact("caf\u00e9", key="caf\u00e9".encode()),
    _contact("the\u0301", "th\u00e9", key="the\u0301".encode()),  # NFD is another spelling of NFC
    _contact("no-key", key=None),
    _contact("many-headers", key=b"many-headers", headers=HEADERS),
)
HOSTILE = (
    *(Hostile(value) for value in FRAMED + VALUES),
    Hostile(b"{", headers=HEADERS),
    Hostile(b"{", key=None),
    *ADMITTED,
)
