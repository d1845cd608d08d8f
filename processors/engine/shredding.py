"""Whose keys go when a contact was erased: its own, and those of everybody who was part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.engine.batch import Output
from processors.lifecycle import load
from processors.sealing import owners, rows_of
from schemas.errors import LifecycleError
from schemas.topics import CONTACT_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]
    Change = dict[str, Any]


def keys_shredded(plan: Plan, event: Event, merged: Iterable[str]) -> tuple[Change, ...]:
    """Tell whose keys are deleted because of an event of a contact that is erased, once it was folded.

    The erasure itself: the contact's, and those of `merged`, which were part of it. Each event refused
    later: those that its sealed values need, so that what was sealed meanwhile is lost as well.
    """
    whose = owners(event)
    if event["type"] == "contact_erased":
        whose.update((event["contact_id"], *merged))
    elif event["type"] == "history_transferred":  # somebody became part of it too late to be known to it
        whose.update((event["other"], *_merged(plan, event["state"])))
    return ({"record": "keys_shredded", "of": sorted(whose)},) if whose else ()


def shredding(change: Change) -> list[Output]:
    """Return what deletes the keys."""
    return [Output(CONTACT_KEYS.name, key, None) for owner in change["of"] for key in rows_of(owner)]


def _merged(plan: Plan, state: bytes) -> list[str]:
    try:
        return load(plan, state).merged
    except LifecycleError:  # kept under another shape
        return []
