"""The hand-off board: what was offered to which team, what is still open and until when, and how it ended.

`handoff:<id>` is a hash of what is known of one hand-off. Each id is in exactly one of the sorted sets
`handoffs:<status>`: the open ones by deadline (without one: the end), the others by when they ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.commands import key
from projections.views.latest import reference, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from projections.commands import Ask, Change, Command, Key

OPEN = "open"
ENDS = ("accepted", "rejected", "expired", "withdrawn")
STATUSES = (OPEN, *ENDS)
NAMING = ("contact_id", "offer")  # fields that hold the contact's id


def project(change: Change) -> tuple[Command, ...]:
    """Bring the hand-off's card up to date and put it into its column."""
    handoff, action = change["handoff"], change["action"]
    status = action if action in ENDS else OPEN
    order = str(change["at"]) if status in ENDS else str(change["accept_by"] or "+inf")
    others = (other for other in STATUSES if other != status)
    return (
        ("HSET", card_of(handoff), *_card(change, status)),
        *(("ZREM", column(other), handoff) for other in others),
        ("ZADD", column(status), order, handoff),
    )


def forget(history: Iterable[Change]) -> Iterator[Command]:
    """Leave the cards of a contact's hand-offs without the contact: they still count."""
    ids = {change["handoff"] for change in history if change["record"] == "mql_handoff"}
    return (("HDEL", card_of(handoff), *NAMING) for handoff in ids)


def _card(change: Change, status: str) -> tuple[str, ...]:
    told = {
        "handoff": change["handoff"],
        "status": status,
        "contact_id": change["contact_id"],
        "stage": change["stage"],
        "to": change["to"],
        "cycle": change["cycle"],
        "accept_by": change["accept_by"],
        "actor": change["actor"],
        "reason": change["reason"],
        f"{change['action']}_at": change["at"],
    }
    if change["action"] == "offered":
        told["offer"] = reference(change)
    known = {name: str(value) for name, value in told.items() if value is not None}
    return tuple(part for pair in known.items() for part in pair)


def card_of(handoff: str) -> Key:
    """Key of what is known of one hand-off."""
    return key("handoff", handoff)


def column(status: str) -> Key:
    """Key of the hand-offs of that status: open ones by deadline, others by end (ms, UTC)."""
    return key("handoffs", status)


def read_board(ask: Ask, limit: int = 50) -> dict[str, Any]:
    """Return `counts` by status, and the first cards of each: open by deadline, ended newest first."""
    counts = ask(*(("ZCARD", column(status)) for status in STATUSES))
    ids = ask(
        ("ZRANGE", column(OPEN), "0", str(limit - 1)),
        *(("ZRANGE", column(status), "0", str(limit - 1), "REV") for status in ENDS),
    )
    columns = {status: _cards(ask, found) for status, found in zip(STATUSES, ids, strict=True)}
    return {"counts": dict(zip(STATUSES, counts, strict=True)), **columns}


def _cards(ask: Ask, handoffs: list[str]) -> list[dict[str, Any]]:
    """Read some cards; `summary` and `total` (thousandths) are those of the offer, if it is still kept."""
    cards = ask(*(("HGETALL", card_of(handoff)) for handoff in handoffs))
    offers = resolve(ask, [card["offer"] for card in cards if "offer" in card])
    said = {offer["handoff"]: {name: offer[name] for name in ("summary", "total")} for offer in offers}
    return [_typed(card) | said.get(card["handoff"], {}) for card in cards]


def _typed(card: dict[str, str]) -> dict[str, Any]:
    numbers = [name for name in card if name.endswith("_at") or name in {"accept_by", "cycle"}]
    return {name: int(text) if name in numbers else text for name, text in card.items() if name != "offer"}
