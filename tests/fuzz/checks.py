"""What has to hold for any bytes: they become what they say, or are refused with a reason and kept whole.

A check takes the bytes and raises at whatever must not happen; what it lets pass quietly is right. The same
checks are run by hypothesis in CI and by libFuzzer (`scripts/fuzz`).
"""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from processors.dead_letters.letter import Letter, parse
from processors.engine.intake import Intake
from processors.engine.lifecycle import Lifecycle
from processors.feeds.items import Refused, Row
from processors.feeds.lines import read_lines
from processors.feeds.rejects import row_of
from processors.feeds.transfer import read_ndjson
from processors.importers.access_log import Site, read_log
from processors.importers.csv_file import read_csv
from processors.importers.csv_map import load_map
from processors.importers.path_rules import load_rules
from processors.lifecycle.definition.load import load
from processors.lifecycle_files import load_lifecycle
from processors.personal_values import values_of
from processors.sealing import is_sealed
from schemas import codec
from schemas.container import read_events
from schemas.errors import LifecycleError, SchemaError
from schemas.events import EVENT_TYPES, NEWEST
from schemas.personal import with_personal
from schemas.topics import CONTACT_EVENTS, CONTACT_KEYS
from schemas.values import validate
from tests.builders.records import FetchedRecord, batch_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from processors.engine.batch import Batch, Processor
    from processors.feeds.items import Item
    from schemas.events import Event

DATA = Path(__file__).parents[1] / "data" / "csv"
SITE = Site(key=b"k" * 32, url="https://www.acme.example", host="acme.example")


def events(raw: bytes) -> None:
    """One event in any of the three encodings (Confluent's: every id is that of a deal)."""
    try:
        event = codec.decode(raw, lambda _: NEWEST["deal_changed"])
    except SchemaError:
        return
    assert event["type"] in EVENT_TYPES
    assert _same(codec.decode(codec.encode(event)), event)


def intake(raw: bytes) -> None:
    """A record of `engagement`: admitted for a contact, personal values sealed, or a dead letter."""
    outputs = _processed(Intake(), FetchedRecord(value=raw, key=raw[:7], headers=[("h", raw[:3])]))
    keys = {one.key or b"": one.value for one in outputs if one.topic == CONTACT_KEYS.name}
    for output in (one for one in outputs if one.topic != CONTACT_KEYS.name):
        assert output.topic == CONTACT_EVENTS.name
        event = codec.decode_trusted(output.value or b"")
        assert event["received_at"] == 1_780_000_000_000
        assert output.key
        values_of([event], {key: row for key, row in keys.items() if row})
        with_personal(event, _sealed)


def _sealed(_kind: str, value: Any) -> Any:  # noqa: ANN401 - any scalar of a map
    assert value is None or is_sealed(value)
    return value


def contact_events(raw: bytes) -> None:
    """A record of `contact-events` that is damaged, no event, or one that intake would admit."""
    if not _made_on_purpose(raw):
        _processed(_lifecycle(), FetchedRecord(value=raw, key=raw[:7], topic=CONTACT_EVENTS.name))


def ndjson(raw: bytes) -> None:
    """A file to publish."""
    items = _accounted(read_ndjson(read_lines(BytesIO(raw))))
    assert [item.line for item in items] == [line.number for line in read_lines(BytesIO(raw))]
    kept = b"".join(item.original for item in items if isinstance(item, Row | Refused))
    assert kept.split() == raw.split()  # but for empty lines


def access_log(raw: bytes) -> None:
    """A web server's log."""
    items = _accounted(read_log(read_lines(BytesIO(raw)), SITE))
    assert [item.line for item in items] == [line.number for line in read_lines(BytesIO(raw))]


def csv_export(raw: bytes) -> None:
    """A CRM's export, its column names included."""
    try:
        items = _accounted(read_csv(read_lines(BytesIO(raw)), _map()))
    except LifecycleError:
        return  # no such column names
    kept = b"".join(item.original for item in items if isinstance(item, Row | Refused))
    assert raw.endswith(kept) or any(not isinstance(item, Row | Refused) for item in items)


def container(raw: bytes) -> None:
    """An Avro container file: events, then perhaps a reason why it goes no further."""
    with suppress(SchemaError):
        for event in read_events(BytesIO(raw)):
            assert _same(validate(dict(event)), event)


def lifecycle_file(raw: bytes) -> None:
    """A lifecycle file: a plan, or problems with their place."""
    loaded = load(raw, "file.yaml")
    assert (loaded.plan is None) == bool(loaded.problems)
    assert all(problem.message and problem.line >= 1 for problem in loaded.problems)
    assert loaded.report.count("file.yaml:") >= bool(loaded.problems)


def csv_map(raw: bytes) -> None:
    """The map of a CSV export: one that reads a file, or refused with the place."""
    _loaded(load_map, raw)


def path_rules(raw: bytes) -> None:
    """The rules of an access log."""
    rules = _loaded(load_rules, raw)
    if rules is not None:
        assert rules.verdict("/products/a.html", "x=1")


PURE: dict[str, Callable[[bytes], None]] = {
    "events": events,
    "intake": intake,
    "contact-events": contact_events,
    "ndjson": ndjson,
    "access-log": access_log,
    "csv": csv_export,
    "container": container,
    "lifecycle-file": lifecycle_file,
    "csv-map": csv_map,
    "path-rules": path_rules,
}


def _processed(processor: Processor, record: FetchedRecord) -> list[Any]:
    """Process one record; whatever became a dead letter has all that the record had. Return the rest."""
    batch: Batch = batch_of(record)
    processor.process(batch)
    assert batch.next_offset == record.offset + (not batch.wanted)
    letters = [output for output in batch.outputs if output.topic == "dead-letter"]
    for output in letters:
        letter = parse(FetchedRecord(key=output.key, value=output.value, headers=output.headers))
        assert isinstance(letter, Letter)
        assert (letter.key, letter.value, letter.headers) == (record.key, record.value, tuple(record.headers))
        assert letter.reason
    assert len(letters) <= 1
    rest = [output for output in batch.outputs if output not in letters]
    assert letters or rest or batch.states or batch.wanted or _changes_nothing(record)
    return rest


def _made_on_purpose(raw: bytes) -> bool:
    """A readable event that no publisher can bring in: if it makes no sense, the worker ends loudly."""
    try:
        event = codec.decode_trusted(raw)
    except SchemaError:
        return False
    if "type" not in event:
        return False
    try:
        codec.decode(raw)
    except SchemaError:
        return True
    return False


def _changes_nothing(record: FetchedRecord) -> bool:
    """The clock, or an event of no contact."""
    event = codec.decode_trusted(record.value or b"")
    return event["type"] == "clock_advanced" or event["contact_id"] is None


def _accounted(items: Iterable[Item]) -> list[Item]:
    """Read everything: an event is one that intake can read, a refused line is kept with all its bytes."""
    found = list(items)
    for item in found:
        if isinstance(item, Row):
            assert _same(codec.decode_trusted(codec.encode(item.event)), item.event)
        else:
            assert item.reason
        if isinstance(item, Refused):
            assert _kept(json.loads(row_of(item)), item.original)
    return found


def _kept(row: dict[str, Any], original: bytes) -> bool:
    if "original_base64" in row:
        return b64decode(row["original_base64"]) == original
    text: bytes = row["original"].encode()
    return original in {text, text + b"\n", text + b"\r\n"}


def _same(left: Event, right: Event) -> bool:
    """Equal in types too: 1, True and Decimal(1) are three things."""
    return repr(sorted(left.items())) == repr(sorted(right.items()))


def _loaded(load_file: Callable[[Path], Any], raw: bytes) -> Any:  # noqa: ANN401 - whatever is loaded
    file = _folder() / "file.yaml"
    file.write_bytes(raw)
    try:
        return load_file(file)
    except LifecycleError as error:
        refusal = str(error)
    assert f"{file}:" in refusal
    return None


@cache
def _folder() -> Path:
    return Path(mkdtemp(prefix="stageline-fuzz-"))


@cache
def _map() -> Any:  # noqa: ANN401 - a CsvMap
    return load_map(DATA / "hubspot-activities.map.yaml")


@cache
def _lifecycle() -> Lifecycle:
    return Lifecycle(load_lifecycle("buyers-journey"))
