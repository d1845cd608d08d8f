"""The pure core: what a lifecycle file means. No clock, no I/O, no randomness, no floats in stored state.

`apply` and `advance` take a contact's state and give the next one, with what changed. For many events of one
contact, `load` it once, `fold` and `tick`, and `dump` it: the same thing without the bytes in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processors.lifecycle import state as _state
from processors.lifecycle.contact import Contact
from processors.lifecycle.describe import describe, why
from processors.lifecycle.fold import fold, tick
from processors.lifecycle.program import program_of
from processors.lifecycle.refold import Log, refold_contact, without_undone
from processors.lifecycle.state import next_due
from processors.lifecycle.switch import Barrier, switch_contact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processors.lifecycle.plan import Plan
    from processors.lifecycle.turn import Change

__all__ = [
    "Barrier", "Contact", "Log", "advance", "apply", "describe", "dump", "fold", "load", "next_due", "refold",
    "switch", "tick", "why", "without_undone",
]  # fmt: skip


def apply(plan: Plan, state: bytes, event: Mapping[str, Any]) -> tuple[bytes, tuple[Change, ...]]:
    """Apply one event, with its log `position`. `b""` is a contact never seen."""
    contact = load(plan, state)
    changes = fold(plan, contact, event)
    return dump(plan, contact), changes


def advance(plan: Plan, state: bytes, clock: int) -> tuple[bytes, tuple[Change, ...]]:
    """Advance a contact's clock (ms), firing every timer due up to then, each at its own time."""
    contact = load(plan, state)
    changes = tick(plan, contact, clock)
    return dump(plan, contact), changes


def load(plan: Plan, state: bytes) -> Contact:
    """Read a state. Raises LifecycleError if it was built under a plan of another shape."""
    return _state.load(program_of(plan), state)


def dump(plan: Plan, contact: Contact) -> bytes:
    """Write a state."""
    return _state.dump(program_of(plan), contact)


def refold(plan: Plan, log: Log, *, keep_moves_of: bytes) -> tuple[bytes, tuple[Change, ...]]:
    """Make anew what a contact counted, from what it and others were told; its moves and hand-offs stay."""
    contact = load(plan, keep_moves_of)
    changes = refold_contact(plan, contact, log)
    return dump(plan, contact), changes


def switch(
    old: Plan, said: bytes, new: Plan, lived: bytes, barrier: Barrier
) -> tuple[bytes, tuple[Change, ...]]:
    """Take a contact from one plan to another at a barrier; see the module of that name.

    `said` is its state under the old plan, `lived` the state that the new one made of the same events; in
    place they are the same, and what is due by the barrier is still the old plan's. Raises LifecycleError if
    `lived` is of another shape than the new plan.
    """
    due: tuple[Change, ...] = ()
    if barrier.in_place and (when := next_due(said)) is not None and when <= barrier.at:
        said, due = advance(old, said, barrier.at)
        lived = said
    contact = load(new, lived)
    changes = switch_contact(program_of(old), load(old, said), program_of(new), contact, barrier)
    return dump(new, contact), due + changes
