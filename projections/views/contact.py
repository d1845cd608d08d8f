"""One contact: where it stands on each track, its scores and segments, and every change with its reasons.

`contact:<id>` is a hash: `stage:<track>` and `segment:<segment>` hold the present place, `facts:<record>`
what the newest change of that record type said. The three record types arrive independently of each other,
so each writes only fields of its own. `history:<id>` holds the changes
themselves, `contacts` every id.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from projections.commands import key, packed
from projections.views.handoffs import ENDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.commands import Ask, Change, Command

HISTORY = 500  # newest changes kept per contact; a busy contact of a B2B funnel has some tens
NEAR = 8  # suggestions: what fits under a search box
FACTS = ("at", "cycle", "owner", "score", "lifecycle", "plan_hash", "sequence")
ORDER = {"stage_changed": 0, "segment_changed": 1, "mql_handoff": 2}  # within one event, as the core decides
LAST = len(ORDER)  # a company's follow


def project(change: Change) -> tuple[Command, ...]:
    """Put one change into the contact's view."""
    contact = change["contact_id"]
    history = key("history", contact)
    return (
        _place(change),
        ("HSET", key("contact", contact), f"facts:{change['record']}", packed(_facts(change))),
        ("ZADD", history, str(change["at"]), packed(change)),
        ("ZREMRANGEBYRANK", history, "0", str(-HISTORY - 1)),
        ("ZADD", key("contacts"), "0", contact),
    )


def _place(change: Change) -> Command:
    contact = key("contact", change["contact_id"])
    match change["record"]:
        case "stage_changed":
            field = f"stage:{change['track']}"
        case "segment_changed":
            field = f"segment:{change['segment']}"
        case _:
            return ("HSET", contact, "handoff", change["handoff"])
    if change["to"] is None:
        return ("HDEL", contact, field)
    return ("HSET", contact, field, packed({"id": change["to"], "since": change["at"]}))


def _facts(change: Change) -> Mapping[str, Any]:
    why = change["why"]
    told = {name: change[name] for name in FACTS if name in change}
    told |= {name: why[name] for name in ("score_parts", "first_touch", "last_touch")}
    return told


def read_contact(ask: Ask, contact: str) -> dict[str, Any] | None:
    """Return the contact's view, changes newest first, or None for a contact that was never seen.

    Scores are those of its newest change, in thousandths of a point.
    """
    fields, history = ask(
        ("HGETALL", key("contact", contact)), ("ZRANGE", key("history", contact), "0", "-1")
    )
    if not fields:
        return None
    facts = [json.loads(fields[name]) for name in map("facts:{}".format, ORDER) if name in fields]
    changes = sorted(map(json.loads, history), key=when, reverse=True)
    return {
        "contact_id": contact,
        "stages": _named(fields, "stage:"),
        "segments": _named(fields, "segment:"),
        **max(facts, key=itemgetter("at")),  # of several at one moment the stage's
        "next_deadline": _next_deadline(changes),
        "changes": changes,
    }


def _next_deadline(changes: Sequence[Change]) -> int | None:
    """Find the nearest moment that is waited for: a stage's, or an answer's that is still owed.

    `changes`: newest first. What a stage waits for may be an answer that has come since.
    """
    stages: dict[str, int | None] = {}
    handoffs: dict[str, Change] = {}
    for change in changes:
        if change["record"] == "stage_changed":
            stages.setdefault(change["track"], change["next_deadline"])
        elif change["record"] == "mql_handoff":
            handoffs.setdefault(change["handoff"], change)
    ended = {one["accept_by"] for one in handoffs.values() if one["action"] in ENDS}
    owed = [one["accept_by"] for one in handoffs.values() if one["action"] not in ENDS]
    dues = [due for due in stages.values() if due not in ended]
    return min((due for due in (*owed, *dues) if due is not None), default=None)


def _named(fields: Mapping[str, str], prefix: str) -> dict[str, Any]:
    found = {name: text for name, text in fields.items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): json.loads(found[name]) for name in sorted(found)}


def when(change: Change) -> tuple[int, int, int]:
    """Return what orders changes: time, then as the core decides within one event."""
    return change["at"], ORDER.get(change["record"], LAST), change["sequence"]


def read_near(ask: Ask, start: str) -> list[str]:
    """Return some contact ids that begin with `start`, in order."""
    end = start + "\U0010ffff"  # the last code point: no id that begins with `start` sorts after it
    (found,) = ask(("ZRANGEBYLEX", key("contacts"), f"[{start}", f"({end}", "LIMIT", "0", str(NEAR)))
    return list(found)
