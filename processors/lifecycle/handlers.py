"""What is special about each type of event, beside what its behaviours count. A table of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import handoffs, heard, shown, transfers, vanishing, voids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from processors.lifecycle.turn import Turn

    Handler = Callable[[Turn, Mapping[str, Any]], int]

HANDLERS: Mapping[str, Handler] = {
    "contact_updated": heard.update_profile,
    "deal_changed": heard.change_deal,
    "handoff_accepted": handoffs.answer,
    "handoff_rejected": handoffs.answer,
    "stage_overridden": shown.hold,
    "engagement_voided": voids.void,
    "contact_erased": vanishing.erase,
    "contact_identified": transfers.identify,
    "contacts_merged": transfers.merge,
    "merge_undone": transfers.undo_merge,
    "history_transferred": transfers.receive,
}
"""Each folds one type of event and returns the bits of the inputs that it changed."""
