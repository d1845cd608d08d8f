from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.errors import LeaderNotAvailableError, UnknownBrokerIdError

from processors.access_list import PROCESSORS
from processors.cli.dlt import dlt
from processors.cli.worker import PARTS
from processors.dead_letters import topic
from processors.dead_letters.letter import Letter, LetterId, Mark, mark, parse, parse_id
from processors.dead_letters.selection import Selection
from processors.engine import redelivery
from processors.engine.dead_letter import dead_letter
from schemas.errors import SchemaError
from schemas.topics import DEAD_LETTER
from tests.builders.records import FetchedRecord

header = st.tuples(st.text(st.characters(codec="utf-8"), max_size=30), st.none() | st.binary(max_size=20))
records = st.builds(
    FetchedRecord,
    value=st.none() | st.binary(),
    key=st.none() | st.binary(),
    offset=st.integers(0, 2**63 - 1),
    partition=st.integers(0, 1000),
    timestamp=st.integers(0, 2**62),
    headers=st.lists(header | st.just(("stageline-reason", b"an older refusal"))).map(tuple),
)


def consumed(record: FetchedRecord, reason: str, offset: int = 5) -> FetchedRecord:
    """The dead letter of a record as it is read back."""
    written = dead_letter(record.source, record, reason, "intake")
    return FetchedRecord(
        topic=written.topic,
        partition=2,
        offset=offset,
        key=written.key,
        value=written.value,
        headers=written.headers,
    )


def letter(reason: str = "not JSON", offset: int = 5) -> Letter:
    parsed = parse(consumed(FetchedRecord(value=b"{"), reason, offset))
    assert isinstance(parsed, Letter)
    return parsed


@given(records, st.text(st.characters(codec="utf-8")))
def test_every_record_comes_back_from_its_dead_letter_as_it_was(record: FetchedRecord, reason: str) -> None:
    found = parse(consumed(record, reason))
    assert isinstance(found, Letter)
    assert (found.key, found.value, found.headers) == (record.key, record.value, record.headers)
    assert (found.topic, found.partition, found.offset, found.at) == (
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
    )
    assert (found.id, found.reason, found.step) == (LetterId(2, 5), reason, "intake")


def test_a_mark_says_which_letter_was_replayed_and_when() -> None:
    written = FetchedRecord(value=None, headers=mark(LetterId(3, 17)), timestamp=99)
    assert parse(written) == Mark(LetterId(3, 17), 99)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("stageline-replayed", b"3"),),
        (("stageline-replayed", b"\xff"),),
        tuple((name, b"\xff") for name in ("stageline-reason", "stageline-topic")),
        tuple(
            (f"stageline-{name}", b"x") for name in ("reason", "topic", "partition", "offset", "stage", "at")
        ),
    ],
)
def test_a_record_that_stageline_did_not_write_is_neither(headers: tuple[tuple[str, bytes], ...]) -> None:
    assert parse(FetchedRecord(value=b"v", headers=headers)) is None


@pytest.mark.parametrize(
    "text", ["", "3", "3:", ":3", "a:b", "-1:2", "1:2:3", "٣:٤", "1: 2", "1:" + "9" * 5_000, "1:2\n"]
)
def test_what_is_not_an_id_is_refused_with_how_one_is_written(text: str) -> None:
    with pytest.raises(SchemaError, match="partition:offset, such as 3:17"):
        parse_id(text)


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1))
def test_an_id_is_read_as_it_is_written(partition: int, offset: int) -> None:
    assert parse_id(str(LetterId(partition, offset))) == LetterId(partition, offset)


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("schema id 7, but no schema registry is configured.", "Give the workers the address"),
        ("no schema of ours has the fingerprint 00.", "Upgrade the workers and replay"),
        ("2,000,000 bytes are more than the 1,048,576 allowed for one event.", "send a link"),
        ("clock_advanced is written by Stageline itself, not by publishers.", "custom_event"),
        ("stage_changed says nothing of a company's contact.", "find out who else does"),
        ("anything else", "Have the publisher mend that"),
    ],
)
def test_each_reason_has_a_remedy(reason: str, remedy: str) -> None:
    assert remedy in letter(reason).remedy


def test_what_its_contact_remembers_has_to_be_sent_under_another_id() -> None:
    one = replace(letter("track main has no stage customr"), step="lifecycle", topic="contact-events")
    assert "under a new event_id" in one.remedy


def test_letters_of_every_part_of_a_worker_can_be_selected_and_replayed() -> None:
    (step,) = (one for one in dlt.commands["list"].params if one.name == "step")
    assert step.type.to_info_dict()["choices"] == PARTS
    assert {source for processor in PROCESSORS for source in processor.sources} <= {*redelivery.TOPICS}


def test_a_selection_without_conditions_has_every_letter_and_each_condition_narrows_it() -> None:
    one = letter("Not JSON: line 1", offset=5)
    when = one.refused_at
    replayed = {one.id: when}
    fitting = [
        Selection(),
        Selection(ids=frozenset({one.id})),
        Selection(reason="not json"),
        Selection(topic="engagement", step="intake"),
        Selection(since=when, until=when + 1),
        Selection(state="replayed"),
    ]
    unfitting = [
        Selection(ids=frozenset({LetterId(2, 6)})),
        Selection(reason="too large"),
        Selection(topic="contact-events"),
        Selection(step="lifecycle"),
        Selection(since=when + 1),
        Selection(until=when),
        Selection(state="open"),
    ]
    assert [selection.has(one, replayed) for selection in fitting] == [True] * 6
    assert [selection.has(one, replayed) for selection in unfitting] == [False] * 7


def test_a_partition_without_a_leader_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    source = TopicPartition(DEAD_LETTER.name, 0)
    answers = iter([UnknownBrokerIdError(-1), LeaderNotAvailableError(), {source: SimpleNamespace(offset=7)}])

    class Admin:
        def list_partition_offsets(self, _wanted: object) -> object:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

    monkeypatch.setattr(topic, "administering", lambda _bootstrap: nullcontext(Admin()))
    monkeypatch.setattr(topic, "describe", lambda *_: [{"partitions": [{"partition_index": 0}]}])
    assert topic.ends("nowhere") == {source: 7}
