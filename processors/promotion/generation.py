"""A definition that is, was or may become live: one row of the topic `lifecycle-generations`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from processors.lifecycle.plan_json import plan_from_json, plan_to_json
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from processors.lifecycle.plan import Plan

Status = Literal["building", "switched", "aborted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """`text` is the lifecycle file, `plan` what it came to. `at`: when its status was set, ms UTC.

    `replaces` is the number of the generation before it, None for the first one. `barriers` are the offsets
    in contact-events at which it takes over, by partition: none for the first one, which was always there.
    """

    number: int
    name: str  # id@version
    plan_hash: str
    shape_hash: str
    status: Status
    at: int
    replaces: int | None
    in_place: bool
    text: str
    plan: str
    barriers: Mapping[int, int]

    def compiled(self) -> Plan:
        """Return its plan. Raises LifecycleError if another version of Stageline wrote it."""
        return plan_from_json(self.plan)

    def switched(self, barriers: Mapping[int, int], at: int) -> Generation:
        """Return it with its barriers written."""
        return replace(self, status="switched", barriers=barriers, at=at)

    def aborted(self, at: int) -> Generation:
        """Return it given up."""
        return replace(self, status="aborted", at=at)


def generation(plan: Plan, text: str, number: int, replaces: int | None, **rest: Any) -> Generation:  # noqa: ANN401
    """Make a generation of a plan; `rest` are the fields that have nothing to do with it."""
    return Generation(
        number=number,
        name=f"{plan.id}@{plan.version}",
        plan_hash=plan.plan_hash,
        shape_hash=plan.shape_hash,
        replaces=replaces,
        text=text,
        plan=plan_to_json(plan),
        **rest,
    )


def to_row(one: Generation) -> tuple[bytes, bytes]:
    """Write key and value."""
    return b"%d" % one.number, json.dumps(asdict(one), ensure_ascii=False, sort_keys=True).encode()


def from_row(value: bytes) -> Generation:
    """Read a value. Raises LifecycleError for anything else than `to_row` writes."""
    try:
        fields = json.loads(value)
        barriers = {int(number): int(offset) for number, offset in fields.pop("barriers").items()}
        return Generation(**fields, barriers=barriers)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LifecycleError(
            f"topic lifecycle-generations holds what this version of Stageline did not write: {error}"
        ) from error


def newest(known: Iterable[Generation]) -> Generation | None:
    """Return the one whose barriers were written last, else the first one."""
    switched = [one for one in known if one.status == "switched"]
    return max(switched, key=lambda one: one.number, default=None)


def not_passed(one: Generation, committed: Mapping[int, int]) -> list[int]:
    """Return the partitions that have not passed its barrier; `committed` are the lifecycle's offsets."""
    return [number for number, offset in one.barriers.items() if committed.get(number, 0) <= offset]
