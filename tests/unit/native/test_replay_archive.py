"""An archive replayed by the compiled back-end comes to what the reference comes to, byte for byte."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.archive.folder import Archive, open_archive
from processors.archive.verify import faults
from processors.lifecycle_files import compile_lifecycle, load_lifecycle, read_lifecycle
from processors.replay import compiled
from processors.replay.by_contact import ByContact
from processors.replay.compiled import _left
from processors.replay.job import Job, part_file, read_packed
from processors.replay.parts import replay_part
from schemas.codec import decode_trusted
from schemas.errors import LifecycleError, SchemaError
from schemas.native import BACKEND
from tests.bench.made_archive import make
from tests.builders import both
from tests.builders.archives import Topic
from tests.builders.lifecycles import sooner
from tests.properties.test_replay_archive import PLANS, archived, made_up
from tests.unit.archive.test_archive import fill

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan
    from processors.replay.summary import Tally

pytestmark = pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)
CHEAPER = compile_lifecycle(
    "cheaper.yaml", read_lifecycle("buyers-journey")[1].replace(b"points: 5", b"points: 9")
)
SOME = (*PLANS, CHEAPER, sooner("buyers-journey"), sooner("clarity"))
AS_OF = 2_000_000_000_000

Came = tuple["Tally", dict[str, bytes], set[bytes], dict[bytes, bytes]]
"""Tally, each contact's changes, states for people, states as they are."""


def came_to(job: Job, partition: int, backend: str) -> Came:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BACKEND, backend)
        tally = replay_part(job, partition, lambda _records: None)
    changes: dict[str, bytes] = {}
    for line in part_file(job, partition, "changes").read_bytes().splitlines(keepends=True):
        contact_id = json.loads(line)["contact_id"]
        changes[contact_id] = changes.get(contact_id, b"") + line
    states = part_file(job, partition, "states").read_bytes().splitlines()
    assert len(states) == len(set(states))
    packed = list(read_packed(part_file(job, partition, "packed")))
    assert len(packed) == len(states)
    return tally, changes, set(states), dict(packed)


def job_of(plan: Plan, archive: Path, work: str) -> Job:
    return Job(
        plan=plan,
        archive=archive,
        work=Path(work),
        as_of=None,
        anew=False,
        changes=True,
        states=True,
        packed=True,
    )


@settings(max_examples=60)
@given(st.sampled_from(PLANS), st.integers(0, 2**32), st.integers(1, 3), st.booleans(), st.booleans())
def test_made_up_logs_with_merges_voids_and_clocks(
    plan: Plan,
    seed: int,
    pieces: int,
    anew: bool,  # noqa: FBT001 - from a strategy
    later: bool,  # noqa: FBT001 - as above
) -> None:
    with TemporaryDirectory() as folder, TemporaryDirectory() as work:
        archived(made_up(plan, seed, (3, 1)), Path(folder), pieces)
        job = replace(job_of(plan, Path(folder), work), anew=anew, as_of=AS_OF if later else None)
        assert came_to(job, 0, "native") == came_to(job, 0, "reference")


@settings(max_examples=60)
@given(
    st.sampled_from(SOME),
    st.lists(st.sampled_from(SOME), min_size=1, max_size=4),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_logs_in_which_other_criteria_take_over_in_place_and_from_history(
    plan: Plan,
    takeovers: list[Plan],
    seed: int,
    later: bool,  # noqa: FBT001 - from a strategy
) -> None:
    with TemporaryDirectory() as folder, TemporaryDirectory() as work:
        archived(made_up(plan, seed, (3, 1), takeovers=takeovers), Path(folder), 2)
        job = replace(job_of(plan, Path(folder), work), as_of=AS_OF if later else None)
        assert came_to(job, 0, "native") == came_to(job, 0, "reference")


def test_logs_in_which_other_criteria_take_over_are_not_left_to_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = made_up(PLANS[0], 1, (3, 1), length=300, takeovers=(CHEAPER, PLANS[1]))
    records = [decode_trusted(one.value or b"") for one in live.records]
    barriers = {one["generation"]: one["in_place"] for one in records if one["type"] == "lifecycle_changed"}
    assert barriers == {2: True, 3: False}
    job = job_of(PLANS[0], archived(live, tmp_path / "archive", 2).root, str(tmp_path))
    wanted = came_to(job, 0, "reference")
    told = [json.loads(line) for lines in wanted[1].values() for line in lines.splitlines()]
    assert sum(one["cause"]["criteria_change"] is not None for one in told) > 2
    from_their_start: list[bytes] = []

    def note(job: Job, fold: ByContact, partition: int, left: list[bytes]) -> Tally:
        from_their_start.extend(left)
        return _left(job, fold, partition, left)

    monkeypatch.setattr(compiled, "_left", note)
    assert came_to(job, 0, "native") == wanted
    assert from_their_start == []


def test_a_made_up_year(tmp_path: Path) -> None:
    make(tmp_path / "archive", 4_000, 300, partitions=2)
    archive = open_archive(tmp_path / "archive")
    job = job_of(load_lifecycle("clarity"), archive.root, str(tmp_path))
    for partition in archive.manifests:
        assert list(faults(archive, partition)) == []
        came = tally, changes, *_states = came_to(job, partition, "native")
        assert came == came_to(job, partition, "reference")
        assert tally.events > 1_000
        assert len(changes) > 50


def test_the_compiled_back_end_did_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = Topic(tmp_path / "archive", partitions=1)
    fill(topic, 300)
    job = job_of(PLANS[0], topic.archive().root, str(tmp_path))
    monkeypatch.setattr(ByContact, "fold", None)
    assert came_to(job, 0, "native")[0].events == 300


def test_visitors_are_identified_without_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "archive", 4_000, 40, partitions=1)
    records = list(open_archive(tmp_path / "archive").records(0))
    identified = [one.key for one in records if decode_trusted(one.value)["type"] == "contact_identified"]
    assert len(identified) > len(set(identified)) > 1  # some devices are shared
    job = job_of(PLANS[0], tmp_path / "archive", str(tmp_path))
    wanted = came_to(job, 0, "reference")
    monkeypatch.setattr(ByContact, "course", None)
    assert came_to(job, 0, "native") == wanted


def test_a_damaged_segment_is_refused_also_by_who_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Archive, "check", lambda *_given: None)
    topic = Topic(tmp_path / "archive", partitions=1)
    fill(topic, 300)
    archive = topic.archive()
    (path,) = archive.paths(0)
    good = path.read_bytes()
    job = job_of(PLANS[0], archive.root, str(tmp_path))
    for bad in (good[:-1], good[:-20] + b"x" + good[-19:], b"x" + good[1:], good[:300]):
        path.write_bytes(bad)
        with pytest.raises(SchemaError):
            came_to(job, 0, "native")


def test_a_full_disk_is_told_with_the_folder(tmp_path: Path) -> None:
    topic = Topic(tmp_path / "archive", partitions=1)
    fill(topic, 300)
    job = job_of(PLANS[0], topic.archive().root, str(tmp_path))
    part_file(job, 0, "changes").symlink_to("/dev/full")
    with pytest.raises(LifecycleError, match=re.escape(f"{job.work}: No space left on device")):
        came_to(job, 0, "native")
