from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from processors.engine.lifecycle import LifecycleClock
from processors.intake import admit
from processors.lifecycle import fold, load
from processors.lifecycle_files import load_lifecycle
from processors.promotion.barrier import barrier
from processors.replay import parts, pool
from processors.replay.by_contact import ByContact
from processors.replay.clocks import Clocks
from processors.replay.summary import Summary
from schemas.codec import encode
from schemas.errors import LifecycleError
from tests.bench.generate import rows
from tests.builders.archives import Topic
from tests.builders.log_file import digest_of, invoke
from tests.builders.story import DAY, MONDAY, event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PARTITIONS = 4


@pytest.fixture
def topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Topic:
    """A made-up year in four partitions, each with a clock record in the middle and at the end."""
    monkeypatch.setenv("STAGELINE_HOME", str(tmp_path / "home"))
    topic = Topic(tmp_path / "archive", PARTITIONS)
    for number, row in enumerate(rows(1_500, 60, seed=3)):
        for key, value in admit(json.dumps(row).encode(), received_at=row["occurred_at"]):
            topic.add(key, value)
        if number in {700, 1_499}:
            told = LifecycleClock().record(row["occurred_at"] + 30 * DAY)
            for partition in range(PARTITIONS):
                topic.add(b"", told or b"", partition)
    return topic


def summary(*words: str) -> dict[str, Any]:
    code, out, err = invoke("replay", *words)
    assert code == 0, (out, err)
    told: dict[str, Any] = json.loads(out)
    return told


def test_any_number_of_jobs_and_segments_comes_to_the_same(topic: Topic, tmp_path: Path) -> None:
    folder = str(topic.archive().root)
    alone = summary("--events", folder, "--jobs", "1")
    assert alone["events"] == sum(map(len, topic.records.values()))
    assert alone["changes"]["stage_changed"] > 20
    assert summary("--events", folder, "--jobs", "3") == alone
    other = Topic(tmp_path / "other", PARTITIONS)
    other.records = topic.records
    assert summary("--events", str(other.archive(pieces=5).root), "--jobs", "2") == alone


def test_the_files_are_those_of_the_digest_and_one_state_a_contact(topic: Topic, tmp_path: Path) -> None:
    changes, states = tmp_path / "changes", tmp_path / "states"
    folder = str(topic.archive().root)
    told = summary("--events", folder, "--changes", str(changes), "--states", str(states))
    assert digest_of(changes) == told["digest"]
    contacts = [json.loads(line)["contact_id"] for line in states.read_text().splitlines()]
    assert (
        len(contacts)
        == len(set(contacts))
        == len({one.key for rows in topic.records.values() for one in rows}) - 1
    )
    assert not list((tmp_path / "home" / "replay").iterdir())


def test_a_moment_beyond_the_log_fires_what_is_due_until_then(topic: Topic) -> None:
    folder = str(topic.archive().root)
    before, after = (
        summary("--events", folder),
        summary("--events", folder, "--as-of", "2030-01-01T00:00:00Z"),
    )
    assert after["changes"]["stage_changed"] > before["changes"]["stage_changed"]


def test_what_is_finished_is_kept_when_the_rest_fails(topic: Topic, tmp_path: Path) -> None:
    archive = topic.archive()
    folder, (last,) = str(archive.root), archive.paths(PARTITIONS - 1)
    whole = summary("--events", folder)
    good = last.read_bytes()
    last.write_bytes(good[:-9])
    code, _, err = invoke("replay", "--events", folder, "--jobs", "1")
    assert code == 1
    assert err.startswith(f"Error: {last}: its SHA-256 is not that of the manifest: restore the file")
    last.write_bytes(good)
    (work,) = (tmp_path / "home" / "replay").iterdir()
    assert sorted(path.name for path in work.iterdir()) == ["0.tally", "1.tally", "2.tally"]
    first = work / "0.tally"
    marked = json.loads(first.read_text())
    marked["refused"] += 1_000
    first.write_text(json.dumps(marked))
    assert summary("--events", folder, "--resume", "--allow-rejects") == whole | {"refused": 1_000}
    assert summary("--events", folder) == whole


def test_an_interrupted_replay_says_how_to_go_on(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(topic.archive().root)
    whole, original = summary("--events", folder), parts.replay_part

    def interrupted(*given: Any) -> Any:  # noqa: ANN401 - whatever the original takes and gives
        if given[1] == 2:
            raise KeyboardInterrupt
        return original(*given)

    with monkeypatch.context() as patch:
        patch.setattr(pool, "replay_part", interrupted)
        code, _, err = invoke("replay", "--events", folder, "--jobs", "1")
    assert code == 1
    assert "--resume" in err
    assert summary("--events", folder, "--resume") == whole


def test_of_the_topic_nothing_is_resumed(topic: Topic) -> None:
    del topic
    code, _, err = invoke("replay", "--events", "topic", "--resume")
    assert (code, err) == (
        1,
        "Error: The topic grows, so there is nothing to resume: archive it, and replay that.\n",
    )


def test_another_definition_decides_anew_about_a_history_that_was_recorded_under_this_one(
    tmp_path: Path,
) -> None:
    """A recorded transfer holds a state of the recording definition: it is worked out again."""
    recording, other = load_lifecycle("buyers-journey"), load_lifecycle("clarity")
    told = [
        event("page_view", MONDAY + n, contact_id="anon:v", event_id=f"v{n}", url="/pricing")
        for n in range(9)
    ]
    told += [
        event(
            "contact_identified", MONDAY + 10, contact_id="anon:v", anonymous_id="v", event_id="i", into="ann"
        )
    ]
    passed: list[dict[str, Any]] = []
    contact = load(recording, b"")
    for position, one in enumerate(told):
        passed += [c for c in fold(recording, contact, one | {"position": position}) if "state" in c]
    topic = Topic(tmp_path / "archive", 1)
    for one in [*told, *passed]:
        topic.add(one["contact_id"].encode(), encode(one))
    fold_anew = ByContact(other, topic.archive(), anew=True)
    ann = fold_anew.fold(b"ann", fold_anew.archive.records_of(b"ann"), lambda _change: None)
    assert ann.contact.first_touch is not None
    assert ann.contact.first_touch.event_id == "v0"


def test_criteria_that_took_over_but_cannot_be_read_any_more_do_not_keep_others_from_deciding_anew(
    tmp_path: Path,
) -> None:
    plan = load_lifecycle("buyers-journey")
    told = barrier(plan, 2, replaces="", at=MONDAY, in_place=True)
    topic = Topic(tmp_path / "archive", 1)
    topic.add(b"", encode(told | {"plan": '{"is": "Plan of another version"}'}), 0)
    seen = event("page_view", MONDAY, contact_id="ann", event_id="e", url="/pricing")
    topic.add(b"ann", encode(seen))
    archive = topic.archive()
    anew, as_recorded = ByContact(plan, archive, anew=True), ByContact(plan, archive)
    assert anew.fold(b"ann", archive.records_of(b"ann"), lambda _change: None).contact.id == "ann"
    with pytest.raises(LifecycleError, match="not a plan written by this version"):
        as_recorded.fold(b"ann", archive.records_of(b"ann"), lambda _change: None)


def test_why_finds_one_contact_in_an_archive_as_it_is_and_as_it_was(tmp_path: Path) -> None:
    topic = Topic(tmp_path / "archive", PARTITIONS)
    for contact in ("ann", "bob"):
        for number in range(10):
            at, event_id = MONDAY + number * DAY, f"{contact}{number}"
            told = event("page_view", at, contact_id=contact, event_id=event_id, url="/products/a")
            topic.add(contact.encode(), encode(told))
    folder = str(topic.archive().root)
    code, out, _ = invoke("why", "--events", folder, "ann", "--json")
    told = json.loads(out)
    assert (code, told["contact"]["tracks"]["main"]["stage"]) == (0, "mql")
    assert {change["contact_id"] for change in told["changes"]} == {"ann"}
    _, out, _ = invoke("why", "--events", folder, "ann", "--json", "--at", "2026-03-10T09:00:00Z")
    assert json.loads(out)["contact"]["tracks"]["main"]["stage"] is None
    code, _, err = invoke("why", "--events", folder, "eve")
    assert (code, "eve: no event of this contact" in err) == (1, True)


def test_a_clock_that_goes_back_is_met_in_the_order_of_the_log() -> None:
    clocks = Clocks([(10, 100), (20, 90), (30, 110), (40, 105)])
    assert [clocks.first_due(due, 0) for due in (1, 100, 101, 110, 111)] == [0, 0, 2, 2, 4]
    assert [clocks.first_due(due, 1) for due in (1, 90, 91, 100)] == [1, 1, 2, 2]
    assert [clocks.first_due(due, 3) for due in (105, 106)] == [3, 4]
    assert [clocks.after(offset) for offset in (9, 10, 39, 40)] == [0, 1, 3, 4]
    assert len(clocks) == 4


def test_tallies_of_different_contacts_add_up() -> None:
    def change(contact: str) -> dict[str, Any]:
        return {"record": "stage_changed", "contact_id": contact, "track": "main", "from": None, "to": "mql"}

    both, one, other = Summary(), Summary(), Summary()
    for contact, alone in (("ann", one), ("bob", other), ("ann", one)):
        both.add(change(contact))
        alone.add(change(contact))
    for each in (both, one, other):
        each.settle()
    one.tally.add(other.tally)
    assert one.tally == both.tally
    assert one.tally == type(one.tally).from_json(json.loads(json.dumps(both.tally.to_json())))


def test_a_place_that_cannot_be_written_to_is_said_before_the_archive_is_replayed(
    topic: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "replay_part", None)  # nothing may come that far
    nowhere = tmp_path / "no" / "changes.ndjson"
    folder = str(topic.archive().root)
    told = invoke("replay", "--events", folder, "--changes", str(nowhere))
    assert told == (1, "", f"Error: {nowhere}: there is no such folder.\n")


@pytest.mark.parametrize(
    "words", [("replay", "--changes"), ("diff", "--from", "clarity", "--to", "engaged", "--page")]
)
def test_nothing_is_written_into_the_archive_that_is_read(words: Sequence[str], topic: Topic) -> None:
    root = topic.archive().root
    before = (root / "archive.json").read_bytes()
    for place in (root / "archive.json", root / "partition-00000" / "new"):
        code, _, err = invoke(*words, str(place), "--events", str(root))
        assert (code, "lies in the folder of --events: write it elsewhere." in err) == (2, True)
        assert not place.with_name("new").exists()
    assert (root / "archive.json").read_bytes() == before
