from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processors.archive.folder import make_archive
from processors.archive.verify import faults
from processors.archive.writer import Writer
from schemas.codec import decode_trusted, encode
from tests.builders.archives import LEISURELY, Topic
from tests.builders.story import MONDAY, event
from tests.unit.archive.test_archive import invoke

if TYPE_CHECKING:
    from pathlib import Path

    from processors.archive.folder import Archive


@pytest.fixture
def topic(tmp_path: Path) -> Topic:
    return Topic(tmp_path)


def add(topic: Topic, type_: str, contact: str, number: int, **fields: str | bytes) -> None:
    told = event(type_, MONDAY + number, contact_id=contact, event_id=f"e{number}", **fields)
    topic.add(contact.encode(), encode(told))


def left(archive: Archive) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for partition in archive.manifests:
        assert list(faults(archive, partition)) == []
        for record in archive.records(partition):
            found.setdefault(record.key.decode(), []).append(decode_trusted(record.value)["event_id"])
    return found


def test_of_an_erased_contact_only_the_erasure_is_left(topic: Topic, tmp_path: Path) -> None:
    for number, contact in enumerate(("ann", "bob", "ann", "eve")):
        add(topic, "page_view", contact, number, url="/ann-was-here")
    topic.archive()
    add(topic, "contact_erased", "ann", 4)
    archive = topic.archive()
    assert left(archive) == {"ann": ["e4"], "bob": ["e1"], "eve": ["e3"]}
    files = tmp_path.rglob("*.avro")
    assert sorted(files) == sorted(path for partition in (0, 1) for path in archive.paths(partition))


def test_a_writer_that_does_not_forget_keeps_what_workers_have_decided_about(topic: Topic) -> None:
    add(topic, "page_view", "ann", 0, url="/ann-was-here")
    add(topic, "contact_erased", "ann", 1)
    writer = Writer(make_archive(topic.root, topic.about), LEISURELY, forgets=False)
    for partition, records in topic.records.items():
        writer.take(partition, records, len(records))
    writer.flush()
    assert left(writer.archive) == {"ann": ["e0", "e1"]}


def test_what_had_become_part_of_it_leaves_too_and_what_came_after_stays(topic: Topic) -> None:
    transfer: dict[str, str | bytes] = {"state": b"", "plan_hash": ""}
    add(topic, "page_view", "anon:v", 0)
    add(topic, "contact_identified", "anon:v", 1, into="ann")
    add(topic, "history_transferred", "ann", 2, other="anon:v", **transfer)
    add(topic, "contacts_merged", "ann", 3, into="eve", other="ann")
    add(topic, "history_transferred", "eve", 4, other="ann", **transfer)
    add(topic, "page_view", "anon:v", 5)  # forwarded
    add(topic, "contact_identified", "anon:v", 6, into="zoe")  # a shared device
    add(topic, "page_view", "anon:v", 7)
    add(topic, "contact_erased", "eve", 8)
    assert left(topic.archive()) == {"anon:v": ["e6", "e7"], "eve": ["e8"]}


def test_a_contact_whose_merge_was_undone_stays(topic: Topic) -> None:
    add(topic, "page_view", "ann", 0)
    add(topic, "contacts_merged", "ann", 1, into="eve", other="ann")
    add(topic, "history_transferred", "eve", 2, other="ann", state=b"", plan_hash="")
    add(topic, "merge_undone", "ann", 3, into="eve", other="ann")
    add(topic, "page_view", "ann", 4)
    add(topic, "contact_erased", "eve", 5)
    assert left(topic.archive()) == {"ann": ["e3", "e4"], "eve": ["e5"]}


def test_an_erasure_that_was_interrupted_is_done_by_the_next_writer(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(topic, "page_view", "ann", 0)
    add(topic, "contact_erased", "ann", 1)
    with monkeypatch.context() as patch:
        patch.setattr("processors.archive.writer.erase", lambda _archive: 0)
        assert left(topic.archive()) == {"ann": ["e0", "e1"]}
    assert left(topic.archive()) == {"ann": ["e1"]}


def test_compacting_takes_out_what_came_after_the_erasure(topic: Topic, tmp_path: Path) -> None:
    add(topic, "contact_erased", "ann", 0)
    topic.archive()
    add(topic, "page_view", "ann", 1)
    assert left(topic.archive()) == {"ann": ["e0", "e1"]}
    code, out, _ = invoke(str(tmp_path), "--compact")
    assert (code, out) == (0, "1 records, one segment a partition; 1 of erased contacts taken out.\n")
    assert left(topic.archive()) == {"ann": ["e0"]}
