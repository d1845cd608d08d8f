"""What is told about a contact: profile fields and deals. The newest by event time stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle.contact import DealIs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.turn import Turn

STATUS = "lead_status"  # profile field that names one of the present stage's statuses


def update_profile(turn: Turn, event: Mapping[str, Any]) -> int:
    """Fold contact_updated: only fields that some condition reads are kept. Returns the dirty bits."""
    told, known = event["profile"], turn.contact.profile
    turn.contact.last_counted = max(turn.contact.last_counted, turn.at)
    for field in turn.program.plan.profile_fields:
        if field in told and (field not in known or known[field][0] <= turn.at):
            known[field] = (turn.at, told[field])
    for place in turn.contact.places:
        statuses = turn.program.plan.stages[place.stage].statuses if place.stage >= 0 else ()
        if told.get(STATUS) in statuses and not turn.late:
            place.status = told[STATUS]
    return turn.program.inputs.profile


def change_deal(turn: Turn, event: Mapping[str, Any]) -> int:
    """Fold deal_changed. Returns the dirty bits."""
    known = turn.contact.deals.get(event["deal"])
    if known is not None and known.at > turn.at:
        return 0
    turn.contact.last_counted = max(turn.contact.last_counted, turn.at)
    turn.contact.deals[event["deal"]] = DealIs(turn.at, event["stage"], event["amount"], event["currency"])
    return turn.program.inputs.deals
