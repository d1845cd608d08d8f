"""Personal values are sealed before they are written for ever; who is erased loses the keys.

Each value that intake seals gets a key of its own (AES-256-GCM), kept in the topic `contact-keys` under its
owner and its kind. That topic is compacted: the key of a newer value of that kind takes the place of the one
before. So nobody has to know which keys there are: those of an owner are one for each kind.

A sealed value is text, `sealed:` and base64url of: id of the key (8 bytes), length of the owner's id
(2 bytes, big-endian), the owner's id (UTF-8), ciphertext with tag. It names its owner since events are passed
on to other contacts.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from processors.identity import MERGES
from schemas.errors import SchemaError
from schemas.personal import FREE_TEXT, kinds, with_personal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from schemas.events import Event

    Random = Callable[[int], bytes]
    """Gives so many random bytes."""

PREFIX = "sealed:"
ID_BYTES, LENGTH_BYTES, KEY_BYTES, TAG_BYTES = 8, 2, 32, 16
NONCE = bytes(12)  # must differ between texts under one key: each key seals one text only
KINDS = kinds()
SEALED_TYPES = frozenset({*FREE_TEXT, "contact_updated"})  # whatever else has a personal value: its address
# The address has become an id by now, and nothing else is asked of it. It could not be erased with its person
# either: such an event stays with the lesser id, and money spent on a channel is nobody's.
ABOUT_IDS = frozenset({"contact_identified", *MERGES})


class Gone(StrEnum):
    """Why a value can no longer be read."""

    ERASED = "erased"
    REPLACED = "replaced by a newer one"
    DAMAGED = "damaged"


class Sealer:
    """Seals events. `rows`: what to write to `contact-keys` with them, in order; a value of None deletes."""

    def __init__(self, random: Random = os.urandom) -> None:
        self.rows: list[tuple[bytes, bytes | None]] = []
        self._random = random

    def seal(self, event: Event) -> Event:
        """Seal the personal values of a placed event; the contact it is placed at is their owner."""
        if event["email"] is None and event["type"] not in SEALED_TYPES:
            return event
        owner = event["contact_id"]
        if owner is None or event["type"] in ABOUT_IDS:
            return {**event, "email": None}
        return with_personal(event, lambda kind, value: self._sealed(owner, kind, value))

    def _sealed(self, owner: str, kind: str, value: Any) -> str | None:  # noqa: ANN401 - any scalar of a map
        if value is None:
            self.rows.append((row_key(owner, kind), None))
            return None
        row = self._random(ID_BYTES + KEY_BYTES)
        self.rows.append((row_key(owner, kind), row))
        name = owner.encode()
        head = row[:ID_BYTES] + len(name).to_bytes(LENGTH_BYTES, "big") + name
        text = AESGCM(row[ID_BYTES:]).encrypt(NONCE, str(value).encode(), head + kind.encode())
        return PREFIX + urlsafe_b64encode(head + text).decode()


def row_key(owner: str, kind: str) -> bytes:
    """Key of a row of `contact-keys`; ids hold no NUL."""
    return f"{owner}\0{kind}".encode()


def rows_of(owner: str) -> Iterator[bytes]:
    """List the keys of all rows that an owner can have."""
    return (row_key(owner, kind) for kind in KINDS)


def is_sealed(value: object) -> bool:
    """Tell whether a value looks like a sealed one."""
    return isinstance(value, str) and value.startswith(PREFIX)


def owner_of(value: object, kind: str) -> str | None:
    """Tell whose key a value needs; None for one that is not sealed, or only looks so: others wrote it."""
    if not isinstance(value, str) or not is_sealed(value):
        return None
    try:
        return _parts(value, kind)[0]
    except SchemaError:
        return None


def opened(value: str, kind: str, rows: Mapping[bytes, bytes]) -> str | Gone:
    """Open a sealed value with the rows of `contact-keys`.

    Raises SchemaError when it is damaged, or was sealed as another kind or for somebody else.
    """
    owner, head, text = _parts(value, kind)
    row = rows.get(row_key(owner, kind))
    if row is None:
        return Gone.ERASED
    if row[:ID_BYTES] != head[:ID_BYTES]:
        return Gone.REPLACED
    try:
        return AESGCM(row[ID_BYTES:]).decrypt(NONCE, text, head + kind.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise _damaged(kind) from error


def owners(event: Event) -> set[str]:
    """Tell whose keys the sealed values of an event need; what only looks like one is left out."""
    found: set[str] = set()

    def note(kind: str, value: object) -> object:
        if (owner := owner_of(value, kind)) is not None:
            found.add(owner)
        return value

    with_personal(event, note)
    return found


def _parts(value: str, kind: str) -> tuple[str, bytes, bytes]:
    """Return owner, what stands before the ciphertext, ciphertext."""
    try:
        raw = urlsafe_b64decode(value.removeprefix(PREFIX))
        start = ID_BYTES + LENGTH_BYTES
        end = start + int.from_bytes(raw[ID_BYTES:start], "big")
        if len(raw) < end + TAG_BYTES:
            raise _damaged(kind)
        return raw[start:end].decode(), raw[:end], raw[end:]
    except ValueError as error:
        raise _damaged(kind) from error


def _damaged(kind: str) -> SchemaError:
    return SchemaError(
        f"{kind}: the sealed value is damaged, or was sealed for another contact or kind;"
        " nothing can open it: have the publisher send it again."
    )
