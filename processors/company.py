"""How far a company is: a pure fold over what it is told of its contacts.

A company is in the highest stage that any of its contacts counts with, see `processors.lifecycle.membership`.
It keeps how many count with each stage, so that a change costs the same with ten contacts and ten thousand.
Who they are is in one small row each, which says what to take back when that contact changes or leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack

from schemas.errors import LifecycleError
from schemas.topics import COMPANY_CHANGELOG, COMPANY_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Change = dict[str, Any]

LAYOUT = 1


class Row(NamedTuple):
    """A contact as its company knows it: its newest change, and the stage that it counts with, if any."""

    sequence: int
    rank: int
    stage: str | None
    by_deals: bool


class Count(NamedTuple):
    """Contacts that count with a stage: because they stand there, and because their deals say so."""

    standing: int = 0
    by_deals: int = 0


@dataclass(slots=True, kw_only=True)
class Company:
    """`since` (ms, UTC) and `sequence` are those of the last change told; `counts` goes by rank and stage."""

    sequence: int = 0
    stage: str | None = None
    since: int | None = None
    members: int = 0
    counts: dict[tuple[int, str], Count] = field(default_factory=dict)


def fold(company: Company, row: Row | None, change: Mapping[str, Any]) -> tuple[Row | None, Change | None]:
    """Apply one `membership_changed` to a company, in place, given the row of its contact.

    Returns the contact's new row (None: it is no contact of this company) and the company's change, if that
    came to another stage. What was applied before changes nothing.
    """
    if row is not None and change["sequence"] <= row.sequence:
        return row, None
    if row is not None:
        _count(company, row, -1)
    new = None if change["left"] else _row(change)
    if new is not None:
        _count(company, new, 1)
    return new, _told(company, change)


def furthest(counts: Iterable[tuple[int, str]]) -> tuple[int, str] | None:
    """Choose the highest of the ranks and stages that somebody counts with."""
    return max(counts, default=None)


def dump(company: Company) -> bytes:
    """Write a company."""
    counts = [[*key, *company.counts[key]] for key in sorted(company.counts)]
    packed: bytes = msgpack.packb(
        (LAYOUT, company.sequence, company.stage, company.since, company.members, counts)
    )
    return packed


def load(state: bytes) -> Company:
    """Read a company; one never seen is no bytes. Raises LifecycleError for a state of another layout."""
    if not state:
        return Company()
    layout, *fields = msgpack.unpackb(state)
    if layout != LAYOUT:
        raise LifecycleError(
            f"A company's state has layout {layout}, and this version reads {LAYOUT}: run the version that"
            f" wrote it, or delete {COMPANY_CHANGELOG.name} while no worker runs (it is rebuilt from"
            f" {COMPANY_MEMBERS.name}), then run `stageline topics create`."
        )
    sequence, stage, since, members, counts = fields
    known = {(rank, name): Count(standing, by_deals) for rank, name, standing, by_deals in counts}
    return Company(sequence=sequence, stage=stage, since=since, members=members, counts=known)


def dump_row(row: Row) -> bytes:
    """Write a contact's row."""
    packed: bytes = msgpack.packb(row)
    return packed


def load_row(state: bytes) -> Row | None:
    """Read a contact's row; None for no bytes."""
    return Row(*msgpack.unpackb(state)) if state else None


def row_key(company_id: str, contact_id: str) -> bytes:
    """Name a contact's row; the company's own is named by its id. No id holds NUL."""
    return f"{company_id}\0{contact_id}".encode()


def _row(change: Mapping[str, Any]) -> Row:
    return Row(change["sequence"], change["rank"], change["counts_as"], change["by_deals"])


def _count(company: Company, row: Row, step: int) -> None:
    company.members += step
    if row.stage is None:
        return
    key = row.rank, row.stage
    standing, by_deals = company.counts.get(key, Count())
    count = Count(standing + (not row.by_deals) * step, by_deals + row.by_deals * step)
    if any(count):
        company.counts[key] = count
    else:
        del company.counts[key]


def _told(company: Company, change: Mapping[str, Any]) -> Change | None:
    top = furthest(company.counts)
    stage, count = (None, Count()) if top is None else (top[1], company.counts[top])
    if stage == company.stage:
        return None
    at = max(change["at"], company.since or 0)  # contacts have clocks of their own; a company's goes on
    told = {
        "record": "company_stage_changed",
        "company_id": change["company_id"],
        "sequence": company.sequence + 1,
        "from": company.stage,
        "to": stage,
        "since": None if company.stage is None else company.since,
        "at": at,
        "contact_id": change["contact_id"],
        "event_id": change["event_id"],
        "by_deals": stage is not None and not count.standing,
        "contacts": sum(count),
        "members": company.members,
        "lifecycle": change["lifecycle"],
        "plan_hash": change["plan_hash"],
    }
    company.sequence, company.stage, company.since = company.sequence + 1, stage, at
    return told
