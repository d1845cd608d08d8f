"""The plan as JSON, for the log, other back-ends and hashing: exact both ways.

Every object says its class under `is`, because the conditions of a plan are told apart by nothing else.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from processors.lifecycle import plan
from schemas.errors import LifecycleError

_CLASSES = {name: cls for name, cls in vars(plan).items() if isinstance(cls, type) and is_dataclass(cls)}


def plan_to_json(compiled: plan.Plan) -> str:
    """Write a plan as canonical JSON: sorted keys, no spaces."""
    return json.dumps(canonical(compiled), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plan_from_json(text: str) -> plan.Plan:
    """Read what `plan_to_json` wrote. Raises LifecycleError for anything else."""
    try:
        compiled = json.loads(text, object_hook=_restore)
    except (ValueError, TypeError, KeyError) as error:
        raise LifecycleError(f"not a plan written by this version of Stageline: {error}") from error
    if not isinstance(compiled, plan.Plan):
        raise LifecycleError("not a plan, but something else that Stageline wrote")
    return compiled


def canonical(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Turn a plan, or parts of one, into values that JSON can hold."""
    if isinstance(value, Decimal):
        return {"is": "Decimal", "value": format(value, "f")}
    if isinstance(value, (tuple, list)):
        return [canonical(item) for item in value]
    if is_dataclass(value):
        parts = {field.name: canonical(getattr(value, field.name)) for field in fields(value)}
        return {"is": type(value).__name__, **parts}
    return value


def _restore(parts: dict[str, Any]) -> object:
    kind = parts.pop("is")
    if kind == "Decimal":
        return Decimal(parts["value"])
    return _CLASSES[kind](**{name: _tuples(value) for name, value in parts.items()})


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
