"""Which back-end folds contacts: the compiled one where it is installed, else the reference.

Both give the same states and changes, byte for byte. What the compiled one does not do (it says so by raising
`NeedsReference`) the reference does on the same bytes. `STAGELINE_BACKEND=reference` does without it.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING

from processors.clock_changes import KNOWN_UNTIL, clock_changes
from processors.engine.outputs import BY_LIFECYCLE, IDENTITY, MAX_BYTES
from processors.lifecycle.plan_json import plan_to_json
from schemas.errors import LifecycleError
from schemas.events import EVENT_TYPES, NEWEST, RECORDS
from schemas.native import BACKEND, is_installed, native

if TYPE_CHECKING:
    from types import ModuleType

    import stageline_native

    from processors.lifecycle.plan import Plan

MOST_PLANS = 16  # two at a barrier; tests make more
_compiled: dict[
    tuple[int, stageline_native.Form], tuple[Plan, stageline_native.Plan | None]
] = {}  # by identity: hashing a plan costs more than an event
LAST_CASED = 0x1FFFF  # no character beyond has an upper and a lower case


def chosen() -> str:
    """Name the back-end that is used: `native` or `reference`.

    Raises LifecycleError when another one, or one that is not installed, is asked for.
    """
    wanted, installed = os.environ.get(BACKEND), is_installed()
    if wanted not in {None, "", "native", "reference"}:
        raise LifecycleError(f"{BACKEND}={wanted}: write native or reference.")
    if wanted == "native" and not installed:
        raise LifecycleError(f"{BACKEND}=native: the package stageline-native is not installed.")
    return "native" if wanted != "reference" and installed else "reference"


def compiled_back_end() -> ModuleType | None:
    """Return the compiled back-end itself; None where it is not used."""
    return None if chosen() == "reference" else native()


def compiled(plan: Plan, form: stageline_native.Form = "packed") -> stageline_native.Plan | None:
    """Return the plan for the compiled back-end, made once; None where the reference has to do without it."""
    if chosen() == "reference":
        return None
    known = _compiled.get((id(plan), form))
    if known is None or known[0] is not plan:
        if len(_compiled) >= MOST_PLANS:
            _compiled.clear()
        known = _compiled[id(plan), form] = (plan, _try_to_compile(plan, form))
    return known[1]


def _try_to_compile(plan: Plan, form: stageline_native.Form) -> stageline_native.Plan | None:
    from stageline_native import NeedsReference  # noqa: PLC0415 - a wheel of its own, which may be missing

    try:
        return compile_plan(plan, form)
    except NeedsReference:
        return None


def compile_plan(plan: Plan, form: stageline_native.Form = "packed") -> stageline_native.Plan:
    """Hand a plan over, with what this Python knows of records, letters and clocks. Raises NeedsReference.

    `form`: how it tells changes, see the stub.
    """
    import stageline_native  # noqa: PLC0415 - a wheel of its own, which may be missing

    around = {
        "standard": EVENT_TYPES,
        "folds": _folds(),
        "clock_changes": clock_changes(plan.timezone),
        "known_until": KNOWN_UNTIL,
        "versions": [
            (record.fingerprint.hex(), record.name, record.schema, NEWEST[record.name].schema)
            for record in RECORDS
            if record.role != "output"
        ],
        "outputs": {
            "schemas": [(name, NEWEST[name].fingerprint.hex(), NEWEST[name].schema) for name in BY_LIFECYCLE],
            "identity": IDENTITY,
            "most_bytes": MAX_BYTES,
        },
    }
    return stageline_native.Plan(plan_to_json(plan), json.dumps(around), form)


@cache
def _folds() -> list[tuple[str, str]]:
    """Every character that does not casefold to itself, with what it folds to."""
    characters = map(chr, (*range(0xD800), *range(0xE000, LAST_CASED)))
    return [(one, one.casefold()) for one in characters if one.casefold() != one]
