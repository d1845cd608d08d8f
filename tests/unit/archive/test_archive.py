from __future__ import annotations

import re
from random import Random
from shutil import rmtree
from typing import IO, TYPE_CHECKING

import pytest
from click.testing import CliRunner
from fastavro import reader

from processors.archive import segments
from processors.archive import writer as writing
from processors.archive.compaction import FAN_IN, merge_segments
from processors.archive.folder import Archive, open_archive
from processors.archive.locks import reading
from processors.archive.locks import writing as writer_lock
from processors.archive.verify import faults
from processors.cli.main import main
from schemas import archived
from schemas.archived import BLOCK_BYTES, Archived, write_archived
from schemas.codec import encode
from schemas.container import MAGIC
from schemas.errors import LifecycleError, SchemaError
from tests.builders.archives import Topic
from tests.builders.story import MONDAY, event

if TYPE_CHECKING:
    from pathlib import Path

RESTORE = "restore the file, or remove the archive and make it anew."
ANOTHER = f"its SHA-256 is not that of the manifest: {RESTORE}"
KEYS = [f"c{number}".encode() for number in range(30)]


def value(type_: str, contact: str, number: int, **fields: str) -> bytes:
    return encode(event(type_, MONDAY + number, contact_id=contact, event_id=f"e{number}", **fields))


def fill(topic: Topic, count: int, seed: int = 1) -> None:
    chance = Random(seed)  # noqa: S311 - reproducible
    for number in range(count):
        key = chance.choice(KEYS)
        topic.add(key, value("page_view", key.decode(), number, url="/products/a"))


def told(archive: Archive) -> dict[int, list[Archived]]:
    return {n: sorted(archive.records(n), key=lambda one: one.offset) for n in archive.manifests}


def sent(topic: Topic) -> dict[int, list[Archived]]:
    return {
        n: [Archived(one.key or b"", one.offset, one.value or b"") for one in topic.records[n]]
        for n in range(topic.partitions)
    }


def all_faults(archive: Archive) -> list[str]:
    return [fault for partition in archive.manifests for fault in faults(archive, partition)]


def invoke(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["archive", *words])
    return result.exit_code, result.stdout, result.stderr


def test_any_avro_tool_reads_the_file(tmp_path: Path) -> None:
    rows = [Archived(b"a", number, bytes(1_000)) for number in range(1_000)]
    with (tmp_path / "segment.avro").open("w+b") as file:
        write_archived(file, rows)
        size = file.tell()
        file.seek(0)
        assert size < BLOCK_BYTES < 1_000 * 1_000  # packed, and in several blocks
        with _without_packing(tmp_path, file) as plain:
            assert list(reader(plain)) == [row._asdict() for row in rows]


def _without_packing(folder: Path, file: IO[bytes]) -> IO[bytes]:
    """The same file with codec `null`: fastavro would need one more package to unpack."""
    blocks = [(count, archived.unpack(packed, count)) for count, packed in archived.packed_blocks(file)]
    path = folder / "plain.avro"
    with path.open("wb") as plain:
        plain.write(MAGIC + archived._long(1))
        plain.write(archived._sized(b"avro.schema") + archived._sized(archived.TEXT))
        plain.write(archived._long(0) + archived.SYNC)
        for count, rows in blocks:
            packed = b"".join(
                archived._sized(key) + archived._long(offset) + archived._sized(value)
                for key, offset, value in rows
            )
            plain.write(archived._long(count) + archived._sized(packed) + archived.SYNC)
    return path.open("rb")


def test_a_partition_is_read_by_contact_and_offset_whatever_segments_it_has(tmp_path: Path) -> None:
    topic = Topic(tmp_path)
    fill(topic, 500)
    archive = topic.archive(pieces=5)
    assert [len(one.segments) for one in archive.manifests.values()] == [5, 5]
    for partition in archive.manifests:
        records = list(archive.records(partition))
        assert records == sorted(records)
    assert told(archive) == sent(topic)
    assert all_faults(archive) == []


def test_a_contact_is_found_without_reading_the_rest(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 9_000)
    archive = topic.archive(pieces=2)
    for key in (*KEYS, b"", b"nobody", b"zzz"):
        wanted = [one for one in sent(topic)[0] if one.key == key]
        assert list(archive.records_of(key)) == wanted


def test_no_block_is_unpacked_for_a_key_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 100)
    archive = topic.archive()
    monkeypatch.setattr(segments, "records_of", lambda *_: pytest.fail("a block was unpacked"))
    assert list(archive.records_of(b"")) == list(archive.keyless(0)) == []


def test_what_is_already_archived_is_not_read_again(tmp_path: Path) -> None:
    topic = Topic(tmp_path)
    fill(topic, 100)
    topic.archive()
    fill(topic, 100, seed=2)
    assert told(topic.archive()) == sent(topic)


def test_small_segments_become_larger_ones_and_their_files_leave(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 800)
    archive = topic.archive(pieces=FAN_IN * 3)
    (manifest,) = archive.manifests.values()
    assert len(manifest.segments) < FAN_IN
    assert len(list(archive.folder(0).glob("*.avro"))) == len(manifest.segments)
    assert told(archive) == sent(topic)
    assert all_faults(archive) == []


class KilledError(Exception):
    pass


@pytest.mark.parametrize("step", ["write_segment", "replace_manifest", "compact"])
@pytest.mark.parametrize("after", [False, True])
def test_a_writer_that_dies_at_any_step_leaves_neither_gap_nor_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    topic = Topic(tmp_path)
    fill(topic, 300)
    topic.archive(pieces=FAN_IN - 1)
    fill(topic, 50, seed=2)
    original = getattr(writing, step)

    def dies(*given: object) -> None:
        if after:
            original(*given)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(writing, step, dies)
        with pytest.raises(KilledError):
            topic.archive()
    archive = topic.archive()
    assert told(archive) == sent(topic)
    assert all_faults(archive) == []
    assert all(not archive.leftovers(partition) for partition in archive.manifests)


def test_files_stay_as_long_as_somebody_may_be_reading_them(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 100)
    archive = topic.archive(pieces=2)
    with reading(tmp_path):
        merge_segments(topic.archive(), 0, slice(0, 2))
        assert told(archive) == sent(topic)  # by the files of before
    topic.archive()
    assert len(list(archive.folder(0).glob("*.avro"))) == 1


def test_only_one_writes(tmp_path: Path) -> None:
    again = writer_lock(tmp_path)
    with writer_lock(tmp_path), pytest.raises(LifecycleError, match="another `stageline archive`"):
        again.__enter__()


def test_an_archive_of_a_topic_with_other_partitions_is_refused(tmp_path: Path) -> None:
    Topic(tmp_path, partitions=2)
    with pytest.raises(LifecycleError, match="with 2 partitions, but there is contact-events with 3"):
        Topic(tmp_path, partitions=3)


def test_verify_finds_every_flipped_bit_and_missing_file(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 200)
    (path,) = topic.archive().paths(0)
    assert invoke(str(tmp_path), "--verify") == (0, "200 records in 1 segments: all as written.\n", "")
    good = path.read_bytes()
    for place in range(0, len(good), 397):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert all_faults(open_archive(tmp_path)) == [f"{path}: {ANOTHER}"]
    path.unlink()
    code, out, err = invoke(str(tmp_path), "--verify")
    assert (code, out) == (1, "200 records in 1 segments: 1 faults.\n")
    assert err == f"{path}: is not there, but the manifest names it: {RESTORE}\n"


def test_a_damaged_segment_never_becomes_part_of_another_one(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 200)
    first, second = topic.archive(pieces=2).paths(0)
    good = first.read_bytes()
    first.write_bytes(good[:-20] + bytes([good[-20] ^ 1]) + good[-19:])
    assert invoke(str(tmp_path), "--compact") == (1, "", f"Error: {first}: {ANOTHER}\n")
    assert open_archive(tmp_path).paths(0) == [first, second]
    first.write_bytes(good)
    assert invoke(str(tmp_path), "--compact")[0] == 0


def test_a_partition_that_is_gone_is_missed_and_read_again_by_the_next_writer(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=3)
    fill(topic, 60)
    folder = topic.archive().folder(1)
    rmtree(folder)
    missed = (
        f"Error: {folder}/manifest.json is not there: restore {folder}, or let `stageline archive {tmp_path}`"
        " read that partition from Kafka again.\n"
    )
    assert invoke(str(tmp_path), "--verify") == (1, "", missed)
    assert told(topic.archive()) == sent(topic)


def test_a_folder_that_is_no_archive_is_refused_with_the_remedy(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    told = f"Error: {nowhere}: no archive; `stageline archive {nowhere}` makes one.\n"
    assert invoke(str(nowhere), "--verify") == (1, "", told)
    assert not nowhere.exists()


def test_verify_finds_records_that_are_not_where_they_belong(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=2)
    fill(topic, 200)
    topic.add(b"c1", value("page_view", "c1", 999), partition=1 - topic._home(b"c1"))
    (fault,) = all_faults(topic.archive())
    assert "of a contact that belongs to another partition" in fault


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 50)
    (path,) = topic.archive().paths(0)
    good = path.read_bytes()
    head = good.index(archived.SYNC) + len(archived.SYNC)
    for end in {*range(0, len(good), 7), len(good) - 1} - {head}:
        path.write_bytes(good[:end])
        with pytest.raises(SchemaError):
            list(open_archive(tmp_path).records(0))


def test_a_damaged_segment_is_refused_by_its_name(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 20)
    (path,) = topic.archive().paths(0)
    good = path.read_bytes()
    for bad in (good[:-20], good.replace(b"Obj", b"obj"), good[:200] + b"XX" + good[202:]):
        path.write_bytes(bad)
        again = open_archive(tmp_path)
        for records in (again.records(0), again.records_of(b"c1")):
            with pytest.raises(SchemaError, match=re.escape(str(path))):
                list(records)


def test_a_damaged_manifest_is_refused_in_one_line(tmp_path: Path) -> None:
    topic = Topic(tmp_path, partitions=1)
    fill(topic, 20)
    manifest = topic.archive(pieces=2).folder(0) / "manifest.json"
    good = manifest.read_text()
    for bad in (
        "{",
        "{}",
        "[]",
        good.replace('"records"', '"recs"'),
        good.replace('"start": 10', '"start": 11'),
    ):
        manifest.write_text(bad)
        with pytest.raises(LifecycleError, match=r"manifest\.json is damaged"):
            open_archive(tmp_path)
    manifest.write_text(good.replace('"format": 1', '"format": 2'))
    with pytest.raises(LifecycleError, match="format 2, this release reads 1"):
        open_archive(tmp_path)
