"""The record at which a partition changes its definition: whole in itself, so a log needs no other file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle.plan_json import plan_to_json
from schemas.events import HEADER

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

KEY = b""  # like the clock: it concerns no contact in particular


def barrier(plan: Plan, generation: int, *, replaces: str, at: int, in_place: bool) -> dict[str, Any]:
    """Return `lifecycle_changed` as an event; `replaces` is the plan hash of the definition of before."""
    return {
        **dict.fromkeys(HEADER),
        "type": "lifecycle_changed",
        "event_id": f"generation-{generation}",
        "occurred_at": at,
        "lifecycle": plan.id,
        "version": plan.version,
        "plan_hash": plan.plan_hash,
        "plan": plan_to_json(plan),
        "generation": generation,
        "replaces": replaces,
        "in_place": in_place,
    }
