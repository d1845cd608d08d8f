"""How hand-offs are answered: acceptance, reasons of rejection, how soon and whether in time, who came back.

`answers:<in_time|late>` are the hand-offs that were answered and had a deadline, by time of the answer.
`returned` and `recycled` keep when a contact was first sent back by sales, or began a new cycle;
`last-offered` and `last-accepted` when it was last handed over and accepted: later means that it came back.
"""

from __future__ import annotations

from collections import Counter
from statistics import median_low
from typing import TYPE_CHECKING, Any

from projections.commands import key
from projections.views.funnel import MAIN, gone
from projections.views.handoffs import ENDS, OPEN, card_of, column
from projections.views.portions import counting, in_portions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projections.commands import Ask, Change, Command, Key
    from projections.periods import Period

RETURNED, RECYCLED = key("returned"), key("recycled")
LAST_OFFERED, LAST_ACCEPTED = key("last-offered"), key("last-accepted")
IN_TIME, LATE = key("answers", "in_time"), key("answers", "late")


def project_move(change: Change) -> tuple[Command, ...]:
    """Remember when a contact first began a new cycle."""
    if change["cycle"] == 0:
        return ()
    return (("ZADD", RECYCLED, "NX", str(change["at"]), change["contact_id"]),)


def project_handoff(change: Change) -> tuple[Command, ...]:
    """Remember what a hand-off's step says of its contact, and whether an answer came in time."""
    contact, at, due = change["contact_id"], str(change["at"]), change["accept_by"]
    answered = (
        () if due is None else (("ZADD", IN_TIME if change["at"] <= due else LATE, at, change["handoff"]),)
    )
    match change["action"]:
        case "offered":
            return (("ZADD", LAST_OFFERED, "GT", at, contact),)
        case "accepted":
            return (("ZADD", LAST_ACCEPTED, "GT", at, contact), *answered)
        case "rejected":
            return (("ZADD", RETURNED, "NX", at, contact), *answered)
    return ()


def forget(contact: str) -> Iterator[Command]:
    """Take a contact out; its hand-offs stay counted."""
    return (("ZREM", name, contact) for name in (RETURNED, RECYCLED, LAST_OFFERED, LAST_ACCEPTED))


def read_answers(ask: Ask, now: int, period: Period, most: int) -> dict[str, Any]:
    """Return how the hand-offs that ended in the period did, as docs/read-side.md defines each figure.

    Counts of hand-offs by end, shares from 0 to 1 (None: of nothing), the median time to answer in ms, the
    `most` frequent `reasons`, and of the contacts first `returned` or `recycled` in the period how many came
    back.
    """
    low, high = period.bounds()
    ended = ask(*(("ZCOUNT", name, low, high) for name in (*map(column, ENDS), IN_TIME, LATE)))
    found = dict(zip((*ENDS, "in_time", "late"), ended, strict=True))
    passed = now if period.until is None else min(period.until, now)
    (found["overdue"],) = ask(("ZCOUNT", column(OPEN), low, f"({passed}"))
    return {
        "at": now,
        "since": period.since,
        "until": period.until,
        **found,
        "acceptance": _share(found, "accepted", ("rejected", "expired")),
        "attainment": _share(found, "in_time", ("late", "expired", "overdue")),
        **_answered(ask, period, most),
        "returned": _came_back(ask, RETURNED, period),
        "recycled": _came_back(ask, RECYCLED, period),
    }


def _share(found: dict[str, int], what: str, others: tuple[str, ...]) -> float | None:
    total = found[what] + sum(found[other] for other in others)
    return found[what] / total if total else None


def _answered(ask: Ask, period: Period, most: int) -> dict[str, Any]:
    """Find the median time to answer, and count rejections by reason; None: none was given."""
    took: list[int] = []
    told: Counter[str | None] = Counter()
    for answer in ("accepted", "rejected"):
        fields = ("offered_at", f"{answer}_at", "reason")
        for handoffs in in_portions(ask, column(answer), period):
            cards = ask(*(("HMGET", card_of(handoff), *fields) for handoff in handoffs))
            took += (max(0, int(at) - int(offered)) for offered, at, _ in cards if offered and at)
            if answer == "rejected":
                told.update(reason for _, _, reason in cards)
    ordered = sorted(told.items(), key=lambda entry: (-entry[1], entry[0] or ""))
    return {
        "median_time": median_low(took) if took else None,
        "reasons": [{"reason": reason, "handoffs": count} for reason, count in ordered[:most]],
        "other_reasons": sum(count for _, count in ordered[most:]),
    }


def _came_back(ask: Ask, members: Key, period: Period) -> dict[str, Any]:
    found = {"contacts": 0, "offered_again": 0, "accepted_later": 0}
    for contacts in counting(ask, members, gone(MAIN), period):
        times = ask(*(("ZMSCORE", name, *contacts) for name in (LAST_OFFERED, LAST_ACCEPTED)))
        found["contacts"] += len(contacts)
        for name, last in zip(("offered_again", "accepted_later"), times, strict=True):
            pairs = zip(contacts.values(), last, strict=True)
            found[name] += sum(then is not None and then > at for at, then in pairs)
    yielded = found["accepted_later"] / found["contacts"] if found["contacts"] else None
    return {**found, "yield": yielded}
