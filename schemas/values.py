"""Which values an event may hold, beyond its types: checked once, where events enter.

Identifiers are 1 to 256 bytes of printable text. Free text is up to 8 kB and may hold line breaks. No text
may hold control characters, text-direction overrides or lone surrogates. All text is normalised to NFC, so
that two spellings of one id are one contact. The prefixes `anon:` and `email:` are allowed in a contact id:
an id that Stageline made itself comes back in hand-off answers and re-published exports, and means the same
contact.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from schemas.errors import SchemaError
from schemas.events import IDENTIFIERS, INTERNAL_TYPES, NEWEST, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.events import Event

    Check = Callable[[Any], Any]  # gives the value to keep; raises ValueError saying what is wrong

MIN_TIME = 946_684_800_000  # 2000-01-01T00:00Z: seconds sent as milliseconds fall before it
MAX_TIME = 4_102_444_800_000  # 2100-01-01T00:00Z: microseconds sent as milliseconds fall after it
MAX_INTEGER = 2**63
MAX_NUMBER = 10**15  # 18 digits, three of them decimals
ID_BYTES = 256
TEXT_BYTES = 8_192  # URLs with their query are the longest texts of a healthy publisher
INTERNAL_BYTES = 1_048_576
MAX_ENTRIES = 256  # of a map: more facts than this in one event is a broken export
ID_FIELDS = frozenset({*IDENTIFIERS, "event_id", "company_id", "into", "other", "voids", "handoff", "deal"})
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
# C0 and C1 controls but tab and line breaks; bidirectional embeddings, overrides and isolates; surrogates;
# the byte order mark and the two code points that are never characters.
FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def validate(event: Event) -> Event:
    """Check every value of an event whose types are right, and normalise its text, in place.

    Raises SchemaError naming the field, what is wrong and what to send instead; never the value of a text,
    which may be personal.
    """
    event_type = event["type"]
    for name, check in _checks(event_type):
        value = event[name]
        if value is not None:
            try:
                event[name] = check(value)
            except ValueError as error:
                raise SchemaError(f"{event_type}: {name} {error}.") from None
    _check_identifiers(event)
    return event


def _check_identifiers(event: Event) -> None:
    needed = NEWEST[event["type"]].identifiers
    if sum(event[name] is not None for name in IDENTIFIERS) >= needed:
        return
    if needed == 1:
        raise SchemaError(f"{event['type']} names no contact: give contact_id, anonymous_id or email.")
    raise SchemaError(f"{event['type']} joins two ids: give two of contact_id, anonymous_id and email.")


def most_bytes(name: str) -> int:
    """Return how long the text in a field of a publisher's event may be."""
    if name == "anonymous_id":
        return ID_BYTES - len("anon:")  # so that the contact id made of it fits
    return ID_BYTES if name in ID_FIELDS else TEXT_BYTES


@cache
def _checks(event_type: str) -> tuple[tuple[str, Check], ...]:
    by_kind: dict[str, Check] = {
        "string": _text(INTERNAL_BYTES if event_type in INTERNAL_TYPES else TEXT_BYTES),
        "timestamp": _timestamp,
        "integer": _integer,
        "number": _number,
        "map": _entries,
    }
    checks = {name: by_kind.get(field.kind) for name, field in fields_of(event_type).items()}
    checks |= {name: _identifier(most_bytes(name)) for name in checks.keys() & ID_FIELDS}
    checks["email"] = _address
    return tuple((name, check) for name, check in checks.items() if check)


def _text(limit: int) -> Check:
    def text(value: str) -> str:
        if value.isascii() and value.isprintable() and len(value) <= limit:
            return value
        return _clean(value, limit)

    return text


def _identifier(limit: int) -> Check:
    def identifier(value: str) -> str:
        if not (value.isascii() and value.isprintable() and len(value) <= limit):
            value = _clean(value, limit)
        if not value:
            raise ValueError("is empty: leave it out, or give an id")
        if not value.isprintable() or value != value.strip():
            raise ValueError("holds a line break, an invisible character or space at an end: an id must not")
        return value

    return identifier


_ANY_IDENTIFIER = _identifier(ID_BYTES)
_ANY_TEXT = _text(TEXT_BYTES)


def _clean(value: str, limit: int) -> str:
    if found := FORBIDDEN.search(value):
        raise ValueError(f"holds the forbidden character U+{ord(found[0]):04X} at position {found.start()}")
    value = normalize("NFC", value)
    size = len(value.encode())
    if size > limit:
        raise ValueError(f"has {size:,} bytes, more than the {limit:,} allowed")
    return value


def _address(value: str) -> str:
    value = str(_ANY_IDENTIFIER(value))
    if not ADDRESS.fullmatch(value):
        raise ValueError("is not an e-mail address (name@domain)")
    return value


def _timestamp(value: int) -> int:
    if MIN_TIME <= value < MAX_TIME:
        return value
    if MIN_TIME <= value * 1000 < MAX_TIME:
        raise ValueError(f"{value} looks like seconds: give milliseconds since 1970")
    if MIN_TIME <= value // 1000 < MAX_TIME:
        raise ValueError(f"{value} looks like microseconds: give milliseconds since 1970")
    raise ValueError(f"{value} is not between the years 2000 and 2100 (milliseconds since 1970, UTC)")


def _integer(value: int) -> int:
    if not -MAX_INTEGER <= value < MAX_INTEGER:
        raise ValueError("does not fit into 64 bits")
    return value


def _number(value: Decimal) -> Decimal:
    if not -MAX_NUMBER < value < MAX_NUMBER:
        raise ValueError("has more than 15 digits before the point")
    return value


def _entries(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) > MAX_ENTRIES:
        raise ValueError(f"has {len(value):,} entries, more than the {MAX_ENTRIES} allowed")
    return {_ANY_IDENTIFIER(key): _entry(entry) for key, entry in value.items()}


def _entry(value: Any) -> Any:  # noqa: ANN401 - any scalar of a map
    match value:
        case str():
            return _ANY_TEXT(value)
        case Decimal():
            return _number(value)
        case bool() | None:
            return value
    return _integer(value)
