"""Events as JSON, one per line: files, pipes, the command line.

Strict: a misspelt field is refused, not ignored; "3" is not 3; times need a zone; decimals stay exact.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from schemas import json_values
from schemas.errors import SchemaError
from schemas.events import EVENT_TYPES, fields_of, unknown
from schemas.values import validate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from schemas.events import Event, FieldType


def parse_line(line: str | bytes) -> Event:
    """Read one line into a validated event. Raises SchemaError naming the field and the remedy."""
    return validate(parse_unchecked(line))


def parse_unchecked(line: str | bytes) -> Event:
    """Read one line into an event whose types are right but whose values are not checked: see `validate`."""
    return event_of(_row(line))


def event_of(row: Mapping[str, Any]) -> Event:
    """Turn a row into an event: types are checked, defaults filled in, values not checked: see `validate`.

    A row is what JSON gives, with decimals as Decimal. Raises SchemaError naming the field and the remedy.
    """
    event_type = row.get("type")
    if not isinstance(event_type, str):
        raise SchemaError(f'no event type: give "type", one of {", ".join(EVENT_TYPES)}.')
    fields = fields_of(event_type)
    for name in row:
        if name not in fields and name != "type":
            raise SchemaError(f"{event_type}: {unknown('field', str(name), fields)}")
    event: Event = {"type": event_type}
    for name, field in fields.items():
        try:
            event[name] = _value(field, given=name in row, value=row.get(name))
        except ValueError as error:
            raise SchemaError(f"{event_type}: {name} {error}.") from None
    return event


def to_line(event: Event) -> str:
    """Write an event as one line of JSON, without its line break; nulls are left out where they may be."""
    parts = [f'"type":{json_values.quoted(event["type"])}']
    for name, field in fields_of(event["type"]).items():
        if event[name] is not None:
            parts.append(f'"{name}":{json_values.write(event[name], field)}')
        elif field.required:
            parts.append(f'"{name}":null')
    return f"{{{','.join(parts)}}}"


def _value(field: FieldType, *, given: bool, value: object) -> object:
    if value is not None:
        return json_values.parse(value, field)
    if given and field.nullable:
        return None
    if field.required:
        raise ValueError("is missing: give it a value")
    return dict(field.default) if isinstance(field.default, dict) else field.default


def _row(line: str | bytes) -> dict[str, Any]:
    try:
        text = line if isinstance(line, str) else line.decode()
        row = json.loads(text, parse_float=_exact, parse_constant=_refuse, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise SchemaError("not UTF-8: save the file as UTF-8.") from None
    except RecursionError:
        raise SchemaError("nested too deeply: an event is one flat object.") from None
    except ValueError as error:
        raise SchemaError(
            f"not JSON: {str(error).partition(';')[0]}."
        ) from None  # then: advice to programmers
    if not isinstance(row, dict):
        raise SchemaError("not a JSON object: an event is one {...} per line.")
    return row


def _exact(number: str) -> Decimal:
    try:
        return Decimal(number)
    except ArithmeticError:
        raise ValueError(f"{number[:40]} is out of range") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a field is given twice")
    return row
