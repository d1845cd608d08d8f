"""The latest moves and hand-off steps of all contacts, newest last by the time they happened; bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from projections.commands import packed

if TYPE_CHECKING:
    from projections.commands import Ask, Change, Command

KEPT = 1000  # some screens full; a contact's own history has the rest
TOLD = (
    "record", "contact_id", "sequence", "track", "from", "to", "stage", "action", "handoff",
    "reason", "at", "late", "owner",
)  # fmt: skip


def project(change: Change) -> tuple[Command, ...]:
    """Add the change, and let go of the oldest."""
    return (
        ("ZADD", "latest", str(change["at"]), packed(brief(change))),
        ("ZREMRANGEBYRANK", "latest", "0", str(-KEPT - 1)),
    )


def brief(change: Change) -> dict[str, Any]:
    """Return what one line about a change needs: what happened to whom, and why in one sentence."""
    told = {name: change[name] for name in TOLD if name in change}
    told["summary"] = change["why"]["summary"]
    told["total"] = change["score"].get("total")
    return told


def read_latest(ask: Ask, limit: int = 50) -> list[dict[str, Any]]:
    """Return the latest changes, newest first."""
    (found,) = ask(("ZRANGE", "latest", "0", str(limit - 1), "REV"))
    return [json.loads(text) for text in found]
