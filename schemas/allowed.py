"""The allow-list: a schema from elsewhere is used only when it is one of ours.

Bytes are then read with our copy; the foreign text itself never reaches a parser that it could harm.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaError
from schemas.events import RECORDS
from schemas.fingerprint import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.events import Record

_BY_FORM: Mapping[str, Record] = MappingProxyType({canonical(record.schema): record for record in RECORDS})


def record_of(schema: Any) -> Record:  # noqa: ANN401 - any JSON value
    """Find the record of ours that a schema is. Raises SchemaError when it is none."""
    try:
        record = _BY_FORM.get(canonical(schema))
    except RecursionError:
        raise SchemaError("the schema is nested too deeply to be one of ours.") from None
    if record is None:
        name = schema.get("name") if isinstance(schema, dict) else None
        raise SchemaError(
            f"schema {name!r} is not one of ours: register what `stageline schema show` prints."
        )
    if list(_scales(schema)) != list(_scales(record.schema)):
        raise SchemaError(f"schema {record} has decimals of another scale than ours.")
    return record


def parse(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read the text of a schema as JSON. Raises SchemaError when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"the schema is not JSON: {error}.") from None


def _scales(schema: Any) -> Iterator[int]:  # noqa: ANN401 - any JSON value
    """Give the scale of each decimal, in order: canonical form leaves it out, yet it moves the point."""
    if isinstance(schema, dict):
        if schema.get("logicalType") == "decimal":
            yield schema.get("scale", 0)
        for value in schema.values():
            yield from _scales(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _scales(value)
