from __future__ import annotations

import json
from copy import deepcopy
from io import BytesIO
from random import Random
from typing import Any

import fastavro
import pytest

from schemas.codec import encode
from schemas.container import is_container, read_events
from schemas.errors import SchemaError
from schemas.events import EVENT_TYPES, NEWEST
from tests.builders.samples import sample


def plain(schema: Any) -> Any:  # noqa: ANN401 - JSON values
    """Our schema without timestamp-millis, so that fastavro takes integers."""
    return json.loads(
        json.dumps(schema, default=dict).replace('"logicalType": "timestamp-millis"', '"x": ""')
    )


def union(*names: str) -> list[dict[str, Any]]:
    """A union of our schemas; each named type may be defined once, so later ones only name it."""
    defined: set[str] = set()

    def once(schema: Any) -> Any:  # noqa: ANN401 - JSON values
        if isinstance(schema, dict) and "symbols" in schema:
            if schema["name"] in defined:
                return f"stageline.{schema['name']}"
            defined.add(schema["name"])
        if isinstance(schema, dict):
            return {key: once(value) for key, value in schema.items()}
        return [once(value) for value in schema] if isinstance(schema, list) else schema

    return [once(plain(dict(NEWEST[name].schema))) for name in names]


def written(schema: Any, records: list[Any], codec: str = "null") -> bytes:  # noqa: ANN401 - JSON values
    file = BytesIO()
    fastavro.writer(file, fastavro.parse_schema(schema), records, codec=codec, sync_interval=200)
    return file.getvalue()


def branch(event: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return f"stageline.{event['type']}", event


EVENTS = [
    sample("page_view"),
    sample("asset_download"),
    sample("content_view"),
    sample("contact_updated"),
] * 5
MIXED = written(
    union("page_view", "asset_download", "content_view", "contact_updated"), [*map(branch, EVENTS)]
)


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_file_of_one_event_type_is_read_in_order(codec: str) -> None:
    events = [sample("page_view") | {"event_id": f"e{number}"} for number in range(50)]
    file = written(plain(dict(NEWEST["page_view"].schema)), events, codec)
    assert list(read_events(BytesIO(file))) == events


def test_a_file_of_every_event_type_is_read() -> None:
    events = [sample(name) for name in EVENT_TYPES]
    file = written(union(*EVENT_TYPES), [branch(event) for event in events], "deflate")
    assert list(read_events(BytesIO(file))) == events


def test_a_container_is_told_by_its_start() -> None:
    assert is_container(MIXED[:4])
    assert not is_container(b'{"ty')


@pytest.mark.parametrize("seed", range(20))
def test_damage_is_refused_or_changes_only_values(seed: int) -> None:
    assert list(read_events(BytesIO(MIXED))) == EVENTS
    chance = Random(seed)  # noqa: S311 - seeded damage, not a secret
    for _ in range(20):
        damaged = bytearray(MIXED)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        try:
            events = list(read_events(BytesIO(damaged)))
        except SchemaError:
            continue
        assert [event["type"] for event in events] == [event["type"] for event in EVENTS]


@pytest.mark.parametrize("cut", [*range(3, 60, 7), 5000, len(MIXED) - 1])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(SchemaError):
        list(read_events(BytesIO(MIXED[:cut])))


def one_block(block: bytes) -> bytes:
    """A file of mixed events with one block of one event, as given."""
    empty = written(union("page_view", "asset_download"), [])
    return empty + b"\x02" + bytes([2 * len(block) % 128 + 128, 2 * len(block) // 128]) + block + empty[-16:]


PAGE_VIEW = encode(sample("page_view"))[10:]


def test_a_block_is_read_to_its_end() -> None:
    assert list(read_events(BytesIO(one_block(b"\0" + PAGE_VIEW)))) == [sample("page_view")]
    with pytest.raises(SchemaError, match="a block does not end where its events do"):
        list(read_events(BytesIO(one_block(b"\0" + PAGE_VIEW + b"\0"))))


@pytest.mark.parametrize(("index", "branch"), [(b"\x01", -1), (b"\x04", 2)])
def test_an_event_of_no_schema_of_the_file_is_refused(index: bytes, branch: int) -> None:
    with pytest.raises(SchemaError, match=f"an event of schema {branch} of 2"):
        list(read_events(BytesIO(one_block(index + PAGE_VIEW))))


def test_a_block_ends_with_the_sync_marker() -> None:
    with pytest.raises(SchemaError, match="does not end with the sync marker"):
        list(read_events(BytesIO(MIXED[:-1] + bytes([MIXED[-1] ^ 1]))))


def test_a_deeply_nested_schema_is_refused() -> None:
    schema = b"[" * 600 + b"]" * 600
    head = b"Obj\x01" + b"\x02" + b"\x16avro.schema" + b"\xe0\x12" + schema + b"\0" + b"s" * 16
    with pytest.raises(SchemaError, match="nested too deeply"):
        list(read_events(BytesIO(head)))


def test_a_schema_that_is_not_ours_is_refused() -> None:
    schema = {"type": "record", "name": "a", "fields": [{"name": "n", "type": "long"}]}
    with pytest.raises(SchemaError, match="schema 'a' is not one of ours"):
        list(read_events(BytesIO(written(schema, [{"n": 1}]))))


def test_outputs_are_refused() -> None:
    file = written(plain(deepcopy(dict(NEWEST["stage_changed"].schema))), [sample("stage_changed")])
    with pytest.raises(SchemaError, match="holds stage_changed, which is not an event"):
        list(read_events(BytesIO(file)))


def test_a_codec_that_we_do_not_have_is_named() -> None:
    file = written(plain(dict(NEWEST["page_view"].schema)), [sample("page_view")], "bzip2")
    with pytest.raises(SchemaError, match="packed with 'bzip2': write it with deflate or null"):
        list(read_events(BytesIO(file)))


def test_a_block_that_unpacks_to_too_much_is_refused() -> None:
    many = [sample("page_view") | {"url": "a" * 8000}] * 9000
    file = BytesIO()
    schema = fastavro.parse_schema(plain(dict(NEWEST["page_view"].schema)))
    fastavro.writer(file, schema, many, codec="deflate", sync_interval=100_000_000)
    with pytest.raises(SchemaError, match="unpacks to more than 67,108,864 bytes"):
        list(read_events(BytesIO(file.getvalue())))


def test_values_are_checked_too() -> None:
    bad = sample("page_view") | {"occurred_at": 1_772_357_400}
    file = written(plain(dict(NEWEST["page_view"].schema)), [bad])
    with pytest.raises(SchemaError, match="looks like seconds"):
        list(read_events(BytesIO(file)))
