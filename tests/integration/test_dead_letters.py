"""The dead-letter commands on a real broker: what was refused comes back byte for byte, once."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec

from processors.cli.main import main
from processors.dead_letters.letter import Letter, LetterId
from processors.dead_letters.topic import find, marks, read
from processors.engine.dead_letter import dead_letter
from processors.engine.fencing import only_writer
from processors.engine.redelivery import TRANSACTIONAL_ID, redeliver
from processors.topic_admin import ensure_topics
from schemas.errors import LifecycleError
from schemas.topics import DEAD_LETTER, ENGAGEMENT
from tests.builders.records import FetchedRecord

if TYPE_CHECKING:
    from click.testing import Result

    from processors.engine.transaction import Rows
    from processors.stack.server import LocalServer

HOSTILE = (
    FetchedRecord(value=b"\x00\xff\x00", key=b"c1", partition=3, offset=7, headers=(("trace", b"\xff\x00"),)),
    FetchedRecord(
        value=None, key=None, partition=1, headers=(("stageline-reason", b"mine"), ("a", b""), ("b", None))
    ),
    FetchedRecord(value=b"x" * 900_000, key=b"", partition=1),
    FetchedRecord(value=b'{"type": "page_view"}', key=b"c2", partition=3),
)


@pytest.fixture
def bootstrap(broker: LocalServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A broker with no letters but those of the test."""
    monkeypatch.setenv("BOOTSTRAP_SERVERS", broker.address)
    ensure_topics(broker.address)
    with KafkaAdminClient(bootstrap_servers=broker.address) as admin:
        for topic in (DEAD_LETTER.name, ENGAGEMENT.name):
            sources = [TopicPartition(topic, partition) for partition in range(8)]
            ends = admin.list_partition_offsets(dict.fromkeys(sources, OffsetSpec.LATEST))
            admin.delete_records({source: end.offset for source, end in ends.items() if end.offset})
    return broker.address


def refuse(bootstrap: str, *records: FetchedRecord) -> list[LetterId]:
    """Put records into the dead-letter topic as the engine does; return their ids in that order."""
    before = [one.id for one in read(bootstrap) if isinstance(one, Letter)]
    rows: Rows = {}
    for number, record in enumerate(records):
        letter = dead_letter(record.source, record, f"reason {number}", "intake")
        rows.setdefault(TopicPartition(letter.topic, number % 2), []).append(letter[1:])
    asyncio.run(_write(bootstrap, rows))
    new = {one.reason: one.id for one in read(bootstrap) if isinstance(one, Letter) and one.id not in before}
    return [new[f"reason {number}"] for number in range(len(records))]


def refuse_for(bootstrap: str, reason: str) -> list[LetterId]:
    """Put one record there for this reason."""
    letter = dead_letter(HOSTILE[0].source, HOSTILE[0], reason, "intake")
    asyncio.run(_write(bootstrap, {TopicPartition(letter.topic, 0): [letter[1:]]}))
    return [one.id for one in read(bootstrap) if isinstance(one, Letter)]


async def _write(bootstrap: str, rows: Rows) -> None:
    """Commit, and return when that is seen: a coordinator says so before it has told the partitions."""
    async with only_writer(bootstrap, "test-refusing", {one.topic for one in rows}, "fenced") as ownership:
        await ownership.commit(rows, {})


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["dlt", *map(str, arguments)])


def listed(*arguments: str) -> list[str]:
    result = run("list", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line)["id"] for line in result.stdout.splitlines()]


def republished(
    bootstrap: str,
) -> list[tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]]:
    """What stands in `engagement`: partition, key, value, headers."""
    with KafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed") as consumer:
        sources = [TopicPartition(ENGAGEMENT.name, partition) for partition in range(8)]
        consumer.assign(sources)
        consumer.seek_to_beginning(*sources)
        ends = consumer.end_offsets(sources)
        found = []
        while any(consumer.position(source) < ends[source] for source in sources):
            for records in consumer.poll(200).values():
                found += [(one.partition, one.key, one.value, tuple(one.headers)) for one in records]
        return found


def originals(
    *records: FetchedRecord,
) -> list[tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]]:
    return [(one.partition, one.key, one.value, tuple(one.headers)) for one in records]


def test_a_refused_record_keeps_every_byte_and_says_where_it_came_from(bootstrap: str) -> None:
    for wanted, record in zip(refuse(bootstrap, *HOSTILE), HOSTILE, strict=True):
        letter, replayed_at = find(bootstrap, wanted)
        assert (letter.topic, letter.partition, letter.offset) == (
            "engagement",
            record.partition,
            record.offset,
        )
        assert (letter.key, letter.value, letter.headers) == (record.key, record.value, tuple(record.headers))
        assert (letter.at, replayed_at) == (record.timestamp, None)


def test_replay_puts_back_exactly_the_selected_records_byte_for_byte(bootstrap: str) -> None:
    ids = refuse(bootstrap, *HOSTILE)
    result = run("replay", "--yes", ids[0], ids[1], ids[2])
    assert (result.exit_code, sorted(result.stdout.split())) == (0, sorted(map(str, ids[:3])))
    assert sorted(republished(bootstrap), key=str) == sorted(originals(*HOSTILE[:3]), key=str)
    assert (listed("--state", "open"), sorted(listed("--state", "replayed"))) == (
        [str(ids[3])],
        sorted(map(str, ids[:3])),
    )


def test_a_replayed_letter_is_not_replayed_again_unless_told_so(bootstrap: str) -> None:
    (letter,) = refuse(bootstrap, HOSTILE[0])
    assert run("replay", "--yes", letter).exit_code == 0
    second = run("replay", "--yes", letter)
    assert (second.exit_code, "Nothing was replayed" in second.stderr) == (1, True)
    assert run("replay", "--yes", "--all").exit_code == 1
    assert republished(bootstrap) == originals(HOSTILE[0])
    assert run("replay", "--yes", "--again", letter).exit_code == 0
    assert republished(bootstrap) == originals(HOSTILE[0], HOSTILE[0])


def test_nothing_is_replayed_without_a_yes(bootstrap: str) -> None:
    (letter,) = refuse(bootstrap, HOSTILE[0])
    result = CliRunner().invoke(main, ["dlt", "replay", str(letter)], input="n\n")
    assert (result.exit_code, "1 to engagement" in result.stderr) == (1, True)
    assert (republished(bootstrap), marks(bootstrap)) == ([], {})


def test_replay_without_saying_which_is_a_wrong_use(bootstrap: str) -> None:
    refuse(bootstrap, HOSTILE[0])
    assert (run("replay", "--yes").exit_code, republished(bootstrap)) == (2, [])


def test_a_replay_that_hangs_inside_a_transaction_leaves_nothing_half_done(bootstrap: str) -> None:
    ids = refuse(bootstrap, *HOSTILE)
    with KafkaProducer(bootstrap_servers=bootstrap, transactional_id=TRANSACTIONAL_ID) as hanging:
        hanging.init_transactions()
        hanging.begin_transaction()
        hanging.send(ENGAGEMENT.name, b"half of a replay", partition=0).get(60)
        assert run("replay", "--yes", "--all").exit_code == 0
    assert (sorted(republished(bootstrap), key=str), sorted(marks(bootstrap))) == (
        sorted(originals(*HOSTILE), key=str),
        sorted(ids),
    )


def test_of_two_replays_at_once_the_older_gives_up_and_nothing_is_doubled(bootstrap: str) -> None:
    refuse(bootstrap, HOSTILE[0])

    def choose_while_another_replays_all() -> list[Letter]:
        letters = [one for one in read(bootstrap) if isinstance(one, Letter)]
        with ThreadPoolExecutor() as other:
            assert other.submit(run, "replay", "--yes", "--all").result().exit_code == 0
        return letters

    with pytest.raises(LifecycleError, match="Another replay has started"):
        asyncio.run(redeliver(bootstrap, choose_while_another_replays_all, lambda _: None))
    assert republished(bootstrap) == originals(HOSTILE[0])


def test_a_letter_whose_partition_is_gone_is_refused_by_name(bootstrap: str) -> None:
    (letter,) = refuse(bootstrap, FetchedRecord(value=b"v", topic="gone", partition=2))
    result = run("replay", "--yes", letter)
    assert (result.exit_code, "gone, partition 2, which is not there" in result.stderr) == (1, True)
    assert marks(bootstrap) == {}


def test_purge_deletes_up_to_a_letter_and_leaves_the_rest(bootstrap: str) -> None:
    ids = refuse(bootstrap, *HOSTILE)  # even ones in partition 0, odd ones in partition 1
    run("replay", "--yes", ids[0])
    result = CliRunner().invoke(main, ["dlt", "purge", str(ids[2])], input="y\n")
    said = "To be deleted for good: 2; never replayed of these: 1." in result.stderr
    assert (result.exit_code, said) == (0, True)
    assert sorted(listed()) == sorted(map(str, (ids[1], ids[3])))


def test_purge_of_a_letter_that_is_not_there_deletes_nothing(bootstrap: str) -> None:
    (letter,) = refuse(bootstrap, HOSTILE[0])
    assert run("purge", "--yes", "5:99").exit_code == 1
    assert listed() == [str(letter)]


def test_list_filters_by_reason_step_topic_and_time(bootstrap: str) -> None:
    ids = [str(one) for one in refuse(bootstrap, *HOSTILE)]
    assert listed("--reason", "REASON 2") == [ids[2]]
    assert sorted(listed("--step", "intake", "--topic", "engagement", "--since", "1h")) == sorted(ids)
    assert (
        listed("--step", "lifecycle") == listed("--topic", "contact-events") == listed("--until", "1h") == []
    )
    assert len(listed("--limit", "2")) == 2


def test_show_prints_the_original_value_and_a_remedy(bootstrap: str) -> None:
    binary, empty, _, text = refuse(bootstrap, *HOSTILE)
    assert run("show", "--raw", binary).stdout_bytes == HOSTILE[0].value
    assert "00000000  00 ff 00" in run("show", binary).stdout
    assert "Key:       (none)" in run("show", empty).stdout
    shown = run("show", text).stdout
    assert ('{"type": "page_view"}' in shown, "Remedy:    Have the publisher mend that" in shown) == (
        True,
        True,
    )


def test_show_of_an_unknown_letter_says_how_to_find_one(bootstrap: str) -> None:
    refuse(bootstrap, HOSTILE[0])
    result = run("show", "7:1")
    assert (result.exit_code, "There is no dead letter 7:1" in result.stderr) == (1, True)


def test_reading_goes_behind_an_open_transaction_once_that_is_settled(bootstrap: str) -> None:
    with KafkaProducer(
        bootstrap_servers=bootstrap, transactional_id="open", transaction_timeout_ms=2_000
    ) as hanging:
        hanging.init_transactions()
        hanging.begin_transaction()
        hanging.send(DEAD_LETTER.name, b"never committed", partition=0).get(60)
        (letter,) = refuse(bootstrap, HOSTILE[0])  # stands behind it
        assert listed() == [str(letter)]


def test_a_list_on_a_narrow_screen_keeps_times_whole_and_takes_two_lines_a_letter(
    bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    (letter,) = refuse_for(bootstrap, "[red]known: " + "page_view, " * 50)
    line, reason = run("list").stdout.splitlines()
    refused_at = json.loads(run("list", "--json").stdout)["refused_at"]
    assert line == f"{letter}  {refused_at}  intake  from engagement 3:7, 5 bytes"
    assert (reason.startswith("    [red]known: page_view"), reason.endswith("…"), len(reason)) == (
        True,
        True,
        60,
    )
    assert run("replay", "--yes", letter).exit_code == 0
    assert "bytes  replayed 20" in run("list").stdout


def test_what_stageline_did_not_write_is_left_out(bootstrap: str) -> None:
    with KafkaProducer(bootstrap_servers=bootstrap) as producer:
        producer.send(DEAD_LETTER.name, b"foreign", headers=[("stageline-replayed", b"nonsense")]).get(60)
    assert listed() == []


def test_without_a_broker_the_commands_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTSTRAP_SERVERS", "127.0.0.1:1")
    result = run("list")
    assert (result.exit_code, "No Kafka broker answers at 127.0.0.1:1" in result.stderr) == (1, True)
