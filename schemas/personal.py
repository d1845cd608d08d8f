"""Which values of an event are about the person alone: no rule can read them, and intake seals them.

Names here are part of what erasure knows (`processors.sealing`): add to them, never take one away.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from schemas.events import NEWEST, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[str, Any], Any]
    """Takes a value's kind and the value, gives the one to put in its place."""

EMAIL = "email"
FREE_TEXT = {"qualified_answer": "answer"}
"""Event type → its field of free text about the person."""
FACTS = frozenset({
    "name", "fullname", "firstname", "middlename", "lastname", "givenname", "familyname", "surname",
    "maidenname", "nickname", "salutation", "email", "emailaddress", "workemail", "personalemail",
    "phone", "phonenumber", "workphone", "homephone", "mobile", "mobilephone", "mobilenumber", "fax",
    "faxnumber", "address", "street", "streetaddress", "birthday", "birthdate", "dateofbirth", "linkedin",
    "linkedinurl", "twitter", "twitterhandle", "facebook", "skype", "ip", "ipaddress", "note", "notes",
    "comment", "comments", "message", "description", "bio",
})  # fmt: skip
"""Facts of a profile, as `plain` writes them."""


def kinds() -> tuple[str, ...]:
    """List every kind of personal value there is."""
    fields = {field["name"]: field["type"] for field in NEWEST["qualified_answer"].schema["fields"]}
    answers = [f"answer.{topic}" for topic in fields["topic"]["symbols"]]
    return (EMAIL, *answers, *(f"profile.{fact}" for fact in sorted(FACTS)))


def is_personal_fact(name: str) -> bool:
    """Tell whether a profile's fact is about the person alone, however its name is written."""
    return plain(name) in FACTS


@lru_cache(maxsize=4_096)  # a CRM has a few hundred names, and sends them again and again
def plain(name: str) -> str:
    """Write `first_name`, `FirstName` and `First name` alike."""
    return "".join(filter(str.isalnum, name)).lower()


def with_personal(event: Event, change: Change) -> Event:
    """Put something else in the place of each personal value; an event that has none is returned as it is.

    A fact that is cleared is one, too: its value is None.
    """
    changed: Event = {}
    if event["email"] is not None:
        changed["email"] = change(EMAIL, event["email"])
    if event["type"] == "qualified_answer" and event["answer"] is not None:
        changed["answer"] = change(f"answer.{event['topic']}", event["answer"])
    elif event["type"] == "contact_updated" and any(map(is_personal_fact, event["profile"])):
        changed["profile"] = {
            name: change(f"profile.{plain(name)}", value) if is_personal_fact(name) else value
            for name, value in event["profile"].items()
        }
    return {**event, **changed} if changed else event
