"""Hypothesis strategies: any valid event of any type, made from the catalogue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unicodedata import normalize

from hypothesis import strategies as st

from schemas.events import EVENT_TYPES, INTERNAL_TYPES, Event, FieldType, fields_of
from schemas.values import FORBIDDEN, ID_FIELDS, MAX_TIME, MIN_TIME

_FORBIDDEN = [char for char in map(chr, range(0x10000)) if FORBIDDEN.match(char)]
_text = st.characters(exclude_characters=_FORBIDDEN)
_printable = st.characters(exclude_categories=("C", "Z"))
texts = st.text(_text, min_size=1, max_size=20).map(lambda text: normalize("NFC", text))
identifiers = st.text(_printable, min_size=1, max_size=12).map(lambda text: normalize("NFC", text))
numbers = st.integers(-(10**18) + 1, 10**18 - 1).map(lambda unscaled: Decimal(unscaled).scaleb(-3))
integers = st.integers(-(2**63), 2**63 - 1)
# A number without decimals would come back from JSON as the integer it is.
fractions = numbers.filter(lambda number: number != number.to_integral_value())
scalars = st.one_of(st.none(), st.booleans(), integers, texts, fractions)
addresses = st.builds("{}@{}".format, st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.just("x.example"))


def _values(name: str, field: FieldType) -> st.SearchStrategy[Any]:
    by_kind: dict[str, st.SearchStrategy[Any]] = {
        "string": addresses if name == "email" else identifiers if name in ID_FIELDS else texts,
        "integer": integers,
        "number": numbers,
        "boolean": st.booleans(),
        "timestamp": st.integers(MIN_TIME, MAX_TIME - 1),
        "enum": st.sampled_from(field.symbols or ("",)),
        "map": st.dictionaries(identifiers, scalars, max_size=5),
        "bytes": st.binary(max_size=20),
    }
    values = by_kind[field.kind]
    return values if name in _GIVEN or not field.nullable else st.none() | values


_GIVEN = ("contact_id", "anonymous_id")  # two identifiers are enough for every type


def events_of(event_type: str) -> st.SearchStrategy[Event]:
    """Any valid event of one type."""
    fields = fields_of(event_type).items()
    values = st.fixed_dictionaries({name: _values(name, field) for name, field in fields})
    return values.map(lambda found: {"type": event_type} | found)


published = st.sampled_from(EVENT_TYPES).flatmap(events_of)
anything = st.sampled_from(EVENT_TYPES + INTERNAL_TYPES).flatmap(events_of)
