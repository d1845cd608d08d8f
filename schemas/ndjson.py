"""Events as JSON, one per line: files, pipes, the command line.

Strict: a misspelt field is refused, not ignored; "3" is not 3; times need a zone; decimals stay exact.
A number is judged by its value, not its spelling: 3.0 is the integer 3.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaError
from schemas.events import EVENT_TYPES, fields_of, unknown
from schemas.values import MAX_INTEGER, MAX_NUMBER, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from schemas.events import Event, FieldType, Kind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
THOUSANDTH = Decimal("0.001")
_EXACT = Context(prec=20)  # 18 digits and some room


def parse_line(line: str | bytes) -> Event:
    """Read one line into a validated event. Raises SchemaError naming the field and the remedy."""
    return validate(parse_object(line))


def parse_object(line: str | bytes) -> Event:
    """Read one line into an event whose types are checked but whose values are not yet: see `validate`."""
    return event_of(_parse_object(line))


def event_of(row: Mapping[str, Any]) -> Event:
    """Turn one row (as JSON gives it: `occurred_at` a string or int, decimals as Decimal) into an event.

    Types are checked, values are not: see `validate`.
    """
    event_type = row.get("type")
    if not isinstance(event_type, str):
        raise SchemaError(f'no event type: give "type", one of {", ".join(EVENT_TYPES)}.')
    fields = fields_of(event_type)
    for name in row:
        if name not in fields and name != "type":
            raise SchemaError(f"{event_type}: {unknown('field', name, fields)}")
    event: Event = {"type": event_type}
    for name, field in fields.items():
        try:
            event[name] = _value(field, given=name in row, value=row.get(name))
        except ValueError as error:
            raise SchemaError(f"{event_type}: {name} {error}.") from None
    return event


def to_line(event: Event) -> str:
    """Write an event as one line of JSON, without its line break; absent fields are left out."""
    fields = fields_of(event["type"])
    parts = [f'"type":{_quoted(event["type"])}']
    for name, field in fields.items():
        if event[name] is not None:
            parts.append(f"{_quoted(name)}:{_WRITERS.get(field.kind, _scalar)(event[name])}")
    return f"{{{','.join(parts)}}}"


def _parse_object(line: str | bytes) -> dict[str, Any]:
    try:
        text = line if isinstance(line, str) else line.decode()
        row = json.loads(text, parse_float=_exact, parse_constant=_refuse, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise SchemaError("not UTF-8: save the file as UTF-8.") from None
    except RecursionError:
        raise SchemaError("nested too deeply: an event is one flat object.") from None
    except ValueError as error:
        raise SchemaError(f"not JSON: {error}.") from None
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


def _value(field: FieldType, *, given: bool, value: object) -> object:
    if value is not None:
        return _PARSERS[field.kind](value, field)
    if given and field.nullable:
        return None
    if field.required:
        raise ValueError("is missing: give it a value")
    return dict(field.default) if isinstance(field.default, dict) else field.default


def _string(value: object, _: FieldType) -> str:
    if not isinstance(value, str):
        _wrong("must be text in quotes", value)
    return value


def _integer(value: object, _: FieldType) -> int:
    whole = _whole(value)
    if whole is None:
        _wrong("must be a whole number", value)
    return whole


def _whole(value: object) -> int | None:
    """Give the integer that a value is, if it is one of 64 bits."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | Decimal)
        or not -MAX_INTEGER <= value < MAX_INTEGER
    ):
        return None
    return int(value) if value == int(value) else None


def _number(value: object, _: FieldType) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        _wrong("must be a number", value)
    if not -MAX_NUMBER < value < MAX_NUMBER:
        raise ValueError("has more than 15 digits before the point")
    exact = Decimal(value).quantize(THOUSANDTH, context=_EXACT)
    if exact != value:
        raise ValueError("has more than three decimals: round it")
    return exact


def _timestamp(value: object, field: FieldType) -> int:
    if not isinstance(value, str):
        return _integer(value, field)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{_shown(value)} is not a time: write 2026-03-01T09:30:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{_shown(value)} has no time zone: end it with Z or an offset such as +01:00")
    return (moment - EPOCH) // MILLISECOND


def _boolean(value: object, _: FieldType) -> bool:
    if not isinstance(value, bool):
        _wrong("must be true or false", value)
    return value


def _enum(value: object, field: FieldType) -> str:
    if value not in field.symbols:
        raise ValueError(unknown("value", str(value), field.symbols).removesuffix("."))
    return str(value)


def _map(value: object, field: FieldType) -> dict[str, Any]:
    if not isinstance(value, dict):
        _wrong("must be an object", value)
    return {key: _entry(key, entry, field) for key, entry in value.items()}


def _entry(key: str, value: object, field: FieldType) -> object:
    if isinstance(value, dict | list):
        _wrong(f"{_shown(key)} must hold text, a number, true, false or null", value)
    if isinstance(value, Decimal):
        whole = _whole(value)
        return _number(value, field) if whole is None else whole
    return value


def _base64(value: object, field: FieldType) -> bytes:
    return b64decode(_string(value, field), validate=True)


def _wrong(wanted: str, value: object) -> NoReturn:
    raise ValueError(f"{wanted}, not {_shown(value)}")


def _shown(value: object) -> str:
    return repr(value)[:40]


_PARSERS: Mapping[Kind, Callable[[Any, FieldType], Any]] = {
    "string": _string, "integer": _integer, "number": _number, "boolean": _boolean, "timestamp": _timestamp,
    "enum": _enum, "map": _map, "bytes": _base64,
}  # fmt: skip


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _scalar(value: object) -> str:
    return _decimal(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _decimal(value: Decimal) -> str:
    return format(value.normalize(_EXACT), "f")


def _time(value: int) -> str:
    timespec = "milliseconds" if value % 1000 else "seconds"
    moment = EPOCH + timedelta(milliseconds=value)
    return f'"{moment.isoformat(timespec=timespec).removesuffix("+00:00")}Z"'


def _object(value: dict[str, Any]) -> str:
    return f"{{{','.join(f'{_quoted(key)}:{_scalar(entry)}' for key, entry in value.items())}}}"


def _encoded(value: bytes) -> str:
    return f'"{b64encode(value).decode()}"'


_WRITERS: Mapping[Kind, Callable[[Any], str]] = {
    "number": _decimal, "timestamp": _time, "map": _object, "bytes": _encoded,
}  # fmt: skip
