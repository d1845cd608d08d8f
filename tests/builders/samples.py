"""One full record of every kind, every field given: made from its schema."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from schemas.codec import CONFLUENT, HEADER_BYTES, encode
from schemas.events import NEWEST
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIME = 1_772_357_400_125  # 2026-03-01T09:30:00.125Z
_TEXT = {"email": "ada@x.example", "url": "https://x.example/products/a?b=ü"}
_MAPS: dict[str, dict[str, Any]] = {
    "score": {"engagement": 60_000, "total": -1},
    "profile": {
        "job_title": "Head of Öl",
        "size": 250,
        "revenue": Decimal("-12.750"),
        "icp": True,
        "seat": None,
    },
    "properties": {"seats": 3},
}


def sample(name: str) -> dict[str, Any]:
    """A canonical event (under `type`) or output (under `record`) with every field given."""
    record = NEWEST[name]
    value: dict[str, Any] = _value(name, record.schema, {})
    if record.role == "output":
        return value | {"record": name}
    return validate(value | {"type": name})


def in_confluents_format(event: Mapping[str, Any], schema_id: int) -> bytes:
    """Write it as a publisher does that has a registry, which calls the newest version by this id."""
    return CONFLUENT + schema_id.to_bytes(4, "big") + encode(event)[HEADER_BYTES:]


def _value(name: str, schema: Any, named: dict[str, Mapping[str, Any]]) -> Any:  # noqa: ANN401 - JSON values
    match schema:
        case {"type": "record", "fields": fields}:
            named[schema["name"]] = schema
            return {field["name"]: _value(field["name"], field["type"], named) for field in fields}
        case {"items": items}:
            return [_value(name, items, named)] * 2
        case ["null", other]:
            return _value(name, other, named)
        case str() if schema in named:
            return _value(name, named[schema], named)
    return _simple(name, schema)


def _simple(name: str, schema: Any) -> Any:  # noqa: ANN401 - JSON values
    match schema:
        case {"symbols": symbols}:
            return symbols[-1]
        case {"values": _}:
            return dict(_MAPS[name])
        case {"logicalType": "decimal"}:
            return Decimal("1200.500")
        case {"type": primitive}:
            return _simple(name, primitive)
    text = _TEXT.get(name, f"{name}-1")
    return {"string": text, "long": _TIME, "int": 3, "boolean": True, "bytes": b"\0\xff"}[schema]
