"""Intake's pure step: what a publisher sent becomes records of contact-events, the truth of everything else.

Decode, validate, normalise, find the contact. No clock and no I/O: the time of arrival is an argument.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from processors.identity import key_of, normal_email, place
from schemas.codec import decode, encode
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.codec import SchemaById
    from schemas.events import Event

_DEFAULT_PORTS = {"http": 80, "https": 443}
_AROUND = "".join(map(chr, range(33)))  # C0 controls and space: what the URL standard takes off both ends
# Nearly every URL as it comes: nothing in it to change, and a tenth of the time to see that.
_NORMAL = re.compile(r"(https?://[a-z0-9.-]+)?/(?!/)[^#\s]*")


def admit(
    value: bytes,
    *,
    received_at: int,
    schema_by_id: SchemaById | None = None,
    seal: Callable[[Event], Event] = lambda event: event,
) -> tuple[tuple[bytes, bytes], ...]:
    """Turn one record of `engagement` or `handoff-response` into (key, value) records of contact-events.

    Nearly always one; two when an identification names three ids, see `identity.place`. The key is the
    canonical contact id in UTF-8. `received_at`: ms, UTC. `schema_by_id` is only needed for Confluent's
    wire format; `seal` does what has to be done to a placed event's personal values (`processors.sealing`).
    Raises SchemaError when nothing can ever become of the value.
    """
    event = decode(value, schema_by_id)
    event["received_at"] = received_at
    return tuple((key_of(placed), encode(seal(placed))) for placed in place_normal(event))


def place_normal(event: Event) -> tuple[Event, ...]:
    """Bring an event's address and URL into their normal form and `place` it; replay does the same."""
    if event["email"] is not None:
        event["email"] = normal_email(event["email"])
    if "url" in event:
        event["url"] = normal_url(event["url"])
    return place(event)


def normal_url(url: str) -> str:
    """Lower-case scheme and host, drop the default port, user name, password and fragment; keep the rest.

    Path and query are the site's own business: nothing is decoded, sorted or stripped. A bare path stays one.
    """
    while not _NORMAL.fullmatch(url):
        normal = _rewritten(url)
        if normal == url:
            break
        url = normal  # what is left may be read otherwise, as `//` after an empty host: until nothing changes
    return url


def _rewritten(url: str) -> str:
    try:
        parts = urlsplit(url.strip(_AROUND))
        port = parts.port
    except ValueError as error:
        raise SchemaError(f"url is not a URL: {error}.") from None
    host = parts.hostname or ""
    if ":" in host:  # IPv6
        host = f"[{host}]"
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    return urlunsplit((parts.scheme, host, parts.path, parts.query, "")).strip(_AROUND)
