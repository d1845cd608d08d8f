"""Who is in which stage now: one sorted set per stage, contact by time of entry. Its size is the count.

A contact is in exactly one set per track, because a change takes it out of `from` and puts it into `to` in
one step: so the counts always sum to the contacts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from projections.commands import key, moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from projections.commands import Change, Command, Key


def project(change: Change) -> tuple[Command, ...]:
    """Move the contact from one stage's set to the other's."""
    return tuple(moved(change, partial(members, change["track"]), change["contact_id"]))


def forget(contact: str, stages: Iterable[tuple[str, str]]) -> Iterator[Command]:
    """Take a contact out of every (track, stage)."""
    return (("ZREM", members(track, stage), contact) for track, stage in stages)


def members(track: str, stage: str) -> Key:
    """Key of the set of those who are in the stage now, scored by entry (ms, UTC)."""
    return key("stage", track, stage)
