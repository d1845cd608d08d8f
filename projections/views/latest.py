"""The latest moves and hand-off steps of all contacts, newest last by the time they happened; bounded.

Only references are kept here: what a change said stands in its contact's history and nowhere else, so that an
erased contact is erased everywhere at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from projections.commands import key, packed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.commands import Ask, Change, Command

KEPT = 1000  # some screens full; a contact's own history has the rest
TOLD = (
    "record", "contact_id", "sequence", "track", "segment", "from", "to", "stage", "action", "handoff",
    "reason", "at", "late", "owner",
)  # fmt: skip


def project(change: Change) -> tuple[Command, ...]:
    """Add the change, and let go of the oldest."""
    return (
        ("ZADD", key("latest"), str(change["at"]), reference(change)),
        ("ZREMRANGEBYRANK", key("latest"), "0", str(-KEPT - 1)),
    )


def reference(change: Change) -> str:
    """Return where to find a change again: contact, time, record, sequence."""
    return packed([change[name] for name in ("contact_id", "at", "record", "sequence")])


def resolve(ask: Ask, references: Iterable[str]) -> list[dict[str, Any]]:
    """Return what one line about each change needs; those no longer kept are left out."""
    places = [json.loads(text) for text in references]
    found = ask(*(("ZRANGEBYSCORE", key("history", contact), str(at), str(at)) for contact, at, *_ in places))
    return [
        _brief(change)
        for (*_, record, sequence), texts in zip(places, found, strict=True)
        for change in map(json.loads, texts)
        if (change["record"], change["sequence"]) == (record, sequence)
    ]


def _brief(change: Change) -> dict[str, Any]:
    told = {name: change[name] for name in TOLD if name in change}
    return {**told, "summary": change["why"]["summary"], "total": change["score"].get("total")}


def read_latest(ask: Ask, limit: int = 50) -> list[dict[str, Any]]:
    """Return the latest changes, newest first."""
    (references,) = ask(("ZRANGE", key("latest"), "0", str(limit - 1), "REV"))
    return resolve(ask, references)
