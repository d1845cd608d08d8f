"""Which definition decides, and how contacts go from one to the next at a barrier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from processors.engine.batch import Crossing
from processors.engine.compiled import switched
from processors.engine.living import Living
from processors.lifecycle import Barrier, switch
from processors.lifecycle.plan_json import plan_from_json
from processors.lifecycle.state import position_of
from schemas.codec import decode_trusted

if TYPE_CHECKING:
    from processors.engine.batch import Record
    from processors.engine.folding import Folding
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]

# Contacts in one transaction, for the reasons of `ADVANCED_AT_ONCE`: those whom the reference takes over, up
# to half a millisecond each, and all of them. The other partitions wait meanwhile.
GONE_OVER_AT_ONCE = 250
LOOKED_AT_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A definition and its number among those that were live."""

    plan: Plan
    generation: int


def first_rules(plan: Plan) -> Rules:
    """Return the rules before any barrier."""
    return Rules(plan=plan, generation=1)


@lru_cache(maxsize=8)  # partitions differ by one generation, at most, while they change
def read_rules(barrier: bytes) -> Rules:
    """Read the rules that a barrier names. Raises LifecycleError for a plan that this version cannot read."""
    event = decode_trusted(barrier)
    return Rules(plan=plan_from_json(event["plan"]), generation=event["generation"])


def go_over(folding: Folding, old: Rules, record: Record, event: Event) -> bool:
    """Take contacts over a barrier, some in each batch; False until everybody is there."""
    batch = folding.batch
    if event["generation"] <= old.generation:
        return True  # passed before
    if record is not batch.records[0]:
        return False
    new = read_rules(record.value or b"")
    if batch.lived is None:
        living = None if event["in_place"] else Living(new.plan, new.generation)
        batch.crossing = Crossing(
            living=living, has_gone_over=lambda state: position_of(state) >= record.offset
        )
        return False
    barrier = Barrier(position=record.offset, at=event["occurred_at"], in_place=event["in_place"])
    left, lived = batch.lived.left, batch.lived.states
    keys = list(islice(left, LOOKED_AT_AT_ONCE))
    contacts = [(batch.state(key), lived.get(key) or b"") for key in keys]
    by_reference = 0
    for key, (said, other), done in zip(
        keys, contacts, switched(old.plan, new.plan, contacts, barrier), strict=True
    ):
        if done is None:
            if by_reference == GONE_OVER_AT_ONCE:
                break
            by_reference += 1
        state, told = done or switch(old.plan, said, new.plan, other, barrier)
        folding.tell(record, told)
        folding.note(key, state)
        left.popleft()
    if not left:
        batch.passed = record
    return not left
