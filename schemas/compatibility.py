"""May these schemas live together? The offline check behind `stageline schema check`.

Events are BACKWARD_TRANSITIVE: the newest version reads what every kept one wrote, as history is never
rewritten. Outputs are FULL_TRANSITIVE: any version reads any other, as subscribers update when they like.
What has been released is never edited: `released.json` holds a digest of each released version.
"""

from __future__ import annotations

import json
from hashlib import sha256
from itertools import combinations, groupby, permutations
from typing import TYPE_CHECKING, Any

from avro.compatibility import (
    ReaderWriterCompatibilityChecker,
    SchemaCompatibilityType,
    SchemaIncompatibilityType,
)
from avro.errors import AvroException
from avro.io import validate
from avro.schema import parse

from schemas.events import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from schemas.events import Record

_MEANING = {
    SchemaIncompatibilityType.reader_field_missing_default_value: "a field was added without a default",
    SchemaIncompatibilityType.missing_enum_symbols: "an enum lost symbols",
    SchemaIncompatibilityType.missing_union_branch: "a union lost a branch",
    SchemaIncompatibilityType.type_mismatch: "a type changed",
    SchemaIncompatibilityType.name_mismatch: "a name changed",
    SchemaIncompatibilityType.fixed_size_mismatch: "a size changed",
}


def problems(records: Sequence[Record], released: Mapping[str, str]) -> tuple[str, ...]:
    """Say everything that is wrong with these versions, each with its remedy; () when nothing is.

    `records` in order of name and version; `released` maps `name.vN` to the digest it was released with.
    """
    found = [*_changed(records, released)]
    for _, versions in groupby(records, key=lambda record: record.name):
        found += _family(tuple(versions))
    return tuple(found)


def digest(record: Record) -> str:
    """SHA-256 hex of everything in the schema but its documentation."""
    return sha256(json.dumps(_undocumented(record.schema), sort_keys=True).encode()).hexdigest()


def _undocumented(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON value
    if isinstance(schema, list):
        return [_undocumented(branch) for branch in schema]
    if isinstance(schema, dict):
        return {key: _undocumented(value) for key, value in schema.items() if key != "doc"}
    return schema


def _changed(records: Iterable[Record], released: Mapping[str, str]) -> Iterator[str]:
    """Released versions that were edited or are gone."""
    kept = {str(record): record for record in records}
    for name, known in released.items():
        if name not in kept:
            yield f"{name} was released and is gone: put {name}.avsc back, its events are kept for ever."
        elif digest(kept[name]) != known:
            following = f"{kept[name].name}.v{kept[name].version + 1}.avsc"
            yield f"{name} was released and has been edited: put it back and add {following} instead."


def _family(versions: tuple[Record, ...]) -> Iterator[str]:
    """Problems of the versions of one record."""
    numbers = [record.version for record in versions]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"{versions[0].name} has the versions {numbers}: number them 1, 2, 3 without a gap."
    broken = [problem for record in versions for problem in _shape(record)]
    yield from broken
    if not broken:
        for reader, writer in _pairs(versions):
            yield from _unreadable(reader, writer)


def _shape(record: Record) -> Iterator[str]:
    """Problems of one version by itself."""
    try:
        fields = _parsed(record).fields
    except AvroException as error:
        yield f"{record}: not an Avro schema: {error}."
        return
    names = tuple(field.name for field in fields)
    if record.role != "output" and names[: len(HEADER)] != HEADER:
        yield f"{record}: the first fields must be the header: {', '.join(HEADER)}."
    for field in fields:
        if field.has_default and not validate(_first(field.type), field.default):
            yield f"{record}: the default of {field.name} is not of its type (the first one of a union)."


def _parsed(record: Record) -> Any:  # noqa: ANN401 - avro.schema's classes share no useful base
    return parse(json.dumps(record.schema))


def _first(schema: Any) -> Any:  # noqa: ANN401 - whatever avro.schema makes of a field's type
    return schema.schemas[0] if schema.type == "union" else schema


def _pairs(versions: tuple[Record, ...]) -> Iterable[tuple[Record, Record]]:
    """(reader, writer) pairs that must fit."""
    if versions[0].role == "output":
        return permutations(versions, 2)
    return ((later, earlier) for earlier, later in combinations(versions, 2))


def _unreadable(reader: Record, writer: Record) -> Iterator[str]:
    """Why `reader` cannot read what `writer` wrote."""
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # its __init__ has no hints
    result = checker.get_compatibility(_parsed(reader), _parsed(writer))
    if result.compatibility is SchemaCompatibilityType.incompatible:
        meanings = sorted({_MEANING[kind] for kind in result.incompatibilities})
        places = ", ".join(sorted(result.messages))
        yield f"{reader} cannot read what {writer} wrote: {'; '.join(meanings)} ({places})."
    else:
        yield from _promoted(reader, writer)


def _promoted(reader: Record, writer: Record) -> Iterator[str]:
    """Find changes that Avro would allow and our reader does not make: it keeps what was written."""
    before = {field["name"]: field["type"] for field in writer.schema["fields"]}
    for field in reader.schema["fields"]:
        name = field["name"]
        if "aliases" in field:
            yield f"{reader}: {name} has aliases: add a field under the new name instead."
        if name in before and not _primitives(before[name]) <= _primitives(field["type"]):
            yield f"{reader}: {name} has another type than in {writer}: add a field under a new name instead."


def _primitives(schema: Any) -> frozenset[str]:  # noqa: ANN401 - a schema is any JSON value
    """Give the simple types in a field's type, null aside: what its values look like once read."""
    if isinstance(schema, list):
        return frozenset[str]().union(*map(_primitives, schema))
    if isinstance(schema, dict):
        return _primitives(schema.get("logicalType", schema["type"]))
    return frozenset({"long" if schema == "int" else schema} - {"null"})
