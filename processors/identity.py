"""Who an event is about: one canonical contact id, from whatever the publisher knew.

The id given, else `email:` and 32 hex digits of the SHA-256 of the normalised address, else `anon:` and the
visitor id. A canonical id may be given as `contact_id` too: it is how a hand-off names its contact.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from email_validator import EmailNotValidError, validate_email

from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.events import Event

_EMAIL_ID = re.compile(r"email:[0-9a-f]{32}")
MERGES = ("contacts_merged", "merge_undone")


def place(event: Event) -> tuple[Event, ...]:
    """Give an event the contact id at which it is applied: the key of its record in contact-events.

    Nearly always one event comes back. Events about two contacts go to the one whose history has to move,
    and name the one it moves to in `into`:

    - `contact_identified` goes to each lesser id it names (the anonymous visitor, the address);
    - `contacts_merged` and `merge_undone` go to `other`.

    Raises SchemaError for an event that names nobody, or that names one contact twice.
    """
    if event["type"] == "spend_recorded":
        return ({**event, "contact_id": None},)
    if event["type"] in MERGES:
        return (_merge(event),)
    if event["type"] == "contact_identified":
        return _identified(event)
    return ({**event, "contact_id": contact_id_of(event)},)


def key_of(placed: Mapping[str, Any]) -> bytes:
    """Key of a placed event. Spend has no contact: it is kept in order per channel instead."""
    contact_id = placed["contact_id"]
    return str(contact_id if contact_id is not None else f"spend:{placed['channel']}").encode()


def contact_id_of(event: Mapping[str, Any]) -> str:
    """Find the canonical contact id: the best of the ids an event carries."""
    ids = _ids_of(event)
    if not ids:
        raise SchemaError("the event names no contact: give contact_id, anonymous_id or email.")
    return ids[0]


def normal_email(address: str) -> str:
    """Bring an address into the one form that is hashed: checked, NFC, lower case.

    The part before the @ is lower-cased too: no mail service in use tells `Ann@` from `ann@`, but forms and
    CRMs write both. Nothing else is folded (`ann+news@` stays).
    """
    return _normal_email(address.strip())


def email_id(address: str) -> str:
    """Canonical id of a contact known by address only."""
    return f"email:{sha256(normal_email(address).encode()).hexdigest()[:32]}"


def hint_of(text: str) -> str:
    """Say how a contact that was asked for by address is known; empty for what is no address."""
    try:
        return f"A contact known by address alone is {email_id(text)}: ask for that." if "@" in text else ""
    except SchemaError:
        return ""


@lru_cache(maxsize=16_384)  # checking one takes 30 µs, and a batch holds the same few contacts
def _normal_email(address: str) -> str:
    try:
        checked = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise SchemaError(f"email is not an address: {error}") from None
    return checked.normalized.lower()


def _ids_of(event: Mapping[str, Any]) -> list[str]:
    """Every canonical id an event carries, best first."""
    given, email, anonymous = event["contact_id"], event["email"], event["anonymous_id"]
    ids = []
    if given is not None:
        ids.append(_checked(given, "contact_id"))
    if email is not None:
        ids.append(email_id(email))
    if anonymous is not None:
        ids.append(f"anon:{anonymous}")
    return ids


def _checked(contact_id: str, field: str) -> str:
    if contact_id.startswith("email:") and not _EMAIL_ID.fullmatch(contact_id):
        raise SchemaError(
            f"{field} starts with email: but is not a hashed address: give the address in the field email."
        )
    return contact_id


def _identified(event: Event) -> tuple[Event, ...]:
    ids = sorted(dict.fromkeys(_ids_of(event)), key=_rank)
    if len(ids) < 2:
        raise SchemaError("contact_identified must name two ids: the contact's and the one that it is.")
    return tuple({**event, "contact_id": other, "into": ids[0]} for other in ids[1:])


def _rank(contact_id: str) -> int:
    """Order ids by how much they say: a given one, an address, a visitor."""
    return contact_id.startswith("email:") + 2 * contact_id.startswith("anon:")


def _merge(event: Event) -> Event:
    into, other = _checked(event["into"], "into"), _checked(event["other"], "other")
    if into == other:
        raise SchemaError(f"{event['type']} names one contact twice: into and other must differ.")
    return {**event, "contact_id": other}
