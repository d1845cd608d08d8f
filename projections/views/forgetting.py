"""An erased contact: its id and all that was told of it leave every view; what was counted stays counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from projections.commands import key
from projections.views import answers, companies, funnel, handoffs, segments, sources, stage_counts

if TYPE_CHECKING:
    from projections.commands import Ask, Change, Command

TO_FORGET = key("to-forget")  # erased contacts of whom a change was just written


def erases(change: Change) -> bool:
    """Tell whether the change says that its contact was erased."""
    match change["record"]:
        case "membership_changed":
            return bool(change["erased"])
        case "company_stage_changed":
            return False
    return bool(change["cause"]["criterion"] == "contact_erased")


def forget(ask: Ask, contact: str) -> tuple[Command, ...]:
    """Return what removes a contact. Reads the view: a contact's places are not known from one change."""
    stages, bands, history, latest, arrived = ask(
        ("ZRANGE", key("stages"), "0", "-1"),
        ("ZRANGE", key("bands"), "0", "-1"),
        ("ZRANGE", key("history", contact), "0", "-1"),
        ("ZRANGE", key("latest"), "0", "-1"),
        ("XRANGE", key("arrivals"), "-", "+"),
    )
    references = [text for text in latest if json.loads(text)[0] == contact]
    arrivals = [entry for entry, fields in arrived if json.loads(fields["change"])[0] == contact]
    return (
        *stage_counts.forget(contact, [json.loads(pair) for pair in stages]),
        *funnel.forget(contact, [json.loads(pair) for pair in stages]),
        *sources.forget(contact, [json.loads(pair) for pair in stages]),
        *segments.forget(contact, [json.loads(pair) for pair in bands]),
        *answers.forget(contact),
        *handoffs.forget(json.loads(text) for text in history),
        *(("ZREM", key("latest"), text) for text in references),
        *(("XDEL", key("arrivals"), entry) for entry in arrivals),
        *companies.forget(ask, contact),
        ("DEL", key("history", contact)),
        ("DEL", key("contact", contact)),
        ("ZREM", key("contacts"), contact),
        ("SREM", TO_FORGET, contact),
    )
