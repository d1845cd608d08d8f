"""What a comparison tells of single contacts: how each came to where it is, what keeps it from the other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from processors import lifecycle
from processors.replay.summary import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from processors.replay.compared import Compared, Difference, Side, Where

    Facts = dict[str, Any]


def explained(comparison: Compared, differences: Sequence[Difference], most: int) -> list[Facts]:
    """Explain at most so many contacts: those that differ, some of every move, then those that do not."""
    chosen = [(one.contact_id, one.track) for one in _spread(differences)][:most]
    differing = {(one.contact_id, one.track) for one in differences}
    rest = (where for where in comparison.places() if where not in differing)
    chosen += [where for where, _room in zip(rest, range(most - len(chosen)), strict=False)]
    return [_explain(comparison, where) for where in sorted(chosen)]


def _spread(differences: Sequence[Difference]) -> Iterator[Difference]:
    """Order them so that any number from the start has its share of every move."""
    seen: Counter[object] = Counter()
    numbered = []
    for one in differences:
        numbered.append((seen[one.move], one.contact_id, one.track, one))
        seen[one.move] += 1
    return (one for *_order, one in sorted(numbered, key=lambda row: row[:3]))


def _explain(comparison: Compared, where: Where) -> Facts:
    before, after = comparison.sides
    contact_id, track = where
    return {
        "id": contact_id,
        "track": track,
        "sides": [
            _side(before, where, wanted=after.stage(where)),
            _side(after, where, wanted=before.stage(where)),
        ],
    }


def _side(side: Side, where: Where, *, wanted: str) -> Facts:
    """Tell where one side has the contact and why; `wanted`: the other side's stage."""
    last = side.last_move(where)
    told: Facts = {"stage": side.stage(where), "missing": _missing(side, where, wanted)}
    if last is not None:
        told |= {
            "at": last["at"],
            "summary": last["why"]["summary"],
            "rule": last["cause"]["criterion"],
            "evidence": last["why"]["evidence"],
            "total": last["score"]["total"],
            "score_parts": last["why"]["score_parts"],
        }
    return told


def _missing(side: Side, where: Where, wanted: str) -> list[Facts]:
    """Tell the ways into a stage that the contact is below, each with what is met and what is not."""
    contact_id, track = where
    contact = side.contacts.find(contact_id)
    if wanted in {NOWHERE, side.stage(where)} or contact is None:
        return []
    plan = side.contacts.plan_of(contact_id)
    prospects = lifecycle.why(plan, lifecycle.dump(plan, contact)).get(track, {"next": []})
    return [way for stage in prospects["next"] if stage["stage"] == wanted for way in stage["ways"]]
