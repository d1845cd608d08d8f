"""Which schema wrote these bytes: Parsing Canonical Form and CRC-64-AVRO of the Avro specification.

Our own few lines, because schemas fetched from a registry come through here too: they must be compared
without being handed to a parser that a crafted schema can crash.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_EMPTY = 0xC15D213AA4D7A795  # the specification's seed


def _table() -> tuple[int, ...]:
    table = list(range(256))
    for _ in range(8):
        table = [(crc >> 1) ^ (_EMPTY & -(crc & 1)) for crc in table]
    return tuple(table)


_TABLE = _table()


def fingerprint(schema: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """CRC-64-AVRO of the canonical form: 8 bytes, little-endian, as single-object encoding carries it."""
    crc = _EMPTY
    for byte in canonical(schema).encode():
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(8, "little")


def canonical(schema: Any, namespace: str = "") -> str:  # noqa: ANN401 - a JSON value
    """Give the Parsing Canonical Form: documentation, defaults and logical types left out, names in full.

    Raises SchemaError when `schema` is not an Avro schema.
    """
    match schema:
        case str():
            return _text(schema if schema in PRIMITIVES else full_name(schema, namespace))
        case list():
            return _listed(canonical(branch, namespace) for branch in schema)
        case {"type": str(primitive)} if primitive in PRIMITIVES:
            return _text(primitive)
        case {"type": "array", "items": items}:
            return f'{{"type":"array","items":{canonical(items, namespace)}}}'
        case {"type": "map", "values": values}:
            return f'{{"type":"map","values":{canonical(values, namespace)}}}'
        case {"type": "record" | "enum" | "fixed" as kind, "name": str(name)}:
            return _named(kind, full_name(name, schema.get("namespace", namespace)), schema)
    raise SchemaError(f"not an Avro schema: {str(schema)[:80]!r}.")


def _named(kind: str, name: str, schema: dict[str, Any]) -> str:
    opening = f'{{"name":{_text(name)},"type":"{kind}"'
    match schema:
        case {"fields": list(fields)} if kind == "record":
            namespace = name.rpartition(".")[0]
            return f'{opening},"fields":{_listed(_field(field, namespace) for field in fields)}}}'
        case {"symbols": list(symbols)} if kind == "enum":
            return f'{opening},"symbols":{_listed(_text(symbol) for symbol in symbols)}}}'
        case {"size": int(size)} if kind == "fixed":
            return f'{opening},"size":{size}}}'
    raise SchemaError(f"not an Avro schema: {kind} {name} is incomplete.")


def _field(field: Any, namespace: str) -> str:  # noqa: ANN401 - a JSON value
    match field:
        case {"name": str(name), "type": type_}:
            return f'{{"name":{_text(name)},"type":{canonical(type_, namespace)}}}'
    raise SchemaError(f"not an Avro schema: {str(field)[:80]!r} is not a field.")


def full_name(name: str, namespace: str) -> str:
    """Put the namespace before a name that has none."""
    return f"{namespace}.{name}" if namespace and "." not in name else name


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _listed(parts: Iterable[str]) -> str:
    return f"[{','.join(parts)}]"
