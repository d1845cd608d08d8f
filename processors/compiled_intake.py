"""Intake's step in the compiled back-end: events as publishers mostly send them, many at once.

What it does not do (all that has to be sealed, text beyond ASCII, rare types, everything wrong)
`processors.intake` does.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from processors.backend import chosen
from processors.identity import MERGES
from schemas.codec import MAX_BYTES, SINGLE_OBJECT, written_default
from schemas.events import EVENT_TYPES, NEWEST, field_type, fields_of
from schemas.personal import FREE_TEXT
from schemas.values import ID_FIELDS, MAX_TIME, MIN_TIME, most_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import stageline_native as native

    from schemas.events import FieldType

OTHERS = frozenset({*MERGES, "contact_identified", "spend_recorded"})
"""Types that are placed otherwise than at the one contact that they name."""
KINDS = {
    **dict.fromkeys(ID_FIELDS, "id"), **dict.fromkeys(("email", *FREE_TEXT.values()), "other"),
    "contact_id": "contact_id", "anonymous_id": "anonymous_id", "received_at": "received_at", "url": "url",
}  # fmt: skip
"""How a field is treated, by its name; by its kind if it has none here."""
BARE = ("number", "bytes")  # fields that cannot be left out, and that the compiled back-end does not read


@cache
def compiled_intake() -> native.Intake | None:
    """Return intake's step in the compiled back-end; None where that is not used."""
    if chosen() == "reference":
        return None
    import stageline_native  # noqa: PLC0415 - a wheel of its own, which may be missing

    return stageline_native.Intake(json.dumps(rules()))


def rules() -> dict[str, Any]:
    """Describe the types that the compiled back-end can admit."""
    types = [name for name in EVENT_TYPES if name not in OTHERS and not _has_bare(fields_of(name))]
    return {
        "types": [
            {
                "name": name,
                "header": (SINGLE_OBJECT + NEWEST[name].fingerprint).hex(),
                "fields": [_rule(schema) for schema in NEWEST[name].schema["fields"]],
            }
            for name in types
        ],
        "most_bytes": MAX_BYTES,
        "first_time": MIN_TIME,
        "time_limit": MAX_TIME,
    }


def _has_bare(fields: Mapping[str, FieldType]) -> bool:
    return any(field.kind in BARE and not field.nullable for field in fields.values())


def _rule(schema: Mapping[str, Any]) -> dict[str, Any]:
    name, field = schema["name"], field_type(schema)
    return {
        "name": name,
        "kind": KINDS.get(name, field.kind),
        "nullable": field.nullable,
        "required": field.required,
        "default": [] if field.required else list(written_default(schema)),
        "most": most_bytes(name),
        "symbols": field.symbols,
    }
