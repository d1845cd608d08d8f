"""The lines of `stageline handoffs --figures`: how hand-offs were answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.cli.words import NOTHING, share, span
from processors.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def answer_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say what `read_answers` found, a figure per line."""
    ended = found["accepted"] + found["rejected"] + found["expired"]
    due = found["in_time"] + found["late"] + found["expired"] + found["overdue"]
    yield _share(
        "accepted", found["acceptance"], found["accepted"], ended, _told(found, "rejected", "expired")
    )
    yield _share(
        "answered in time",
        found["attainment"],
        found["in_time"],
        due,
        _told(found, "late", "expired", "overdue"),
    )
    took = NOTHING if found["median_time"] is None else span(found["median_time"])
    yield f"{'median time to answer':23} {took:>6}"
    yield _back("returned, then accepted", found["returned"])
    yield _back("recycled, then accepted", found["recycled"])
    for one in found["reasons"]:
        reason = "no reason given" if one["reason"] is None else visible(one["reason"])
        yield f"rejected {one['handoffs']}: {reason}"
    if found["other_reasons"]:
        yield f"rejected {found['other_reasons']}: other reasons"


def _told(found: Mapping[str, Any], *names: str) -> str:
    return ", ".join(f"{found[name]} {name}" for name in names)


def _share(what: str, part: float | None, count: int, total: int, others: str) -> str:
    return f"{what:23} {share(part):>6}  {count} of {total}; {others}"


def _back(what: str, found: Mapping[str, Any]) -> str:
    others = f"{found['offered_again']} handed over again"
    return _share(what, found["yield"], found["accepted_later"], found["contacts"], others)
