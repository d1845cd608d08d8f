"""`stageline diff` and `lab` over an archive come to what they come to over a file of the same events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from processors.intake import admit
from processors.lifecycle_files import load_lifecycle
from processors.replay import parts, pool
from schemas.native import BACKEND
from tests.bench.generate import rows
from tests.builders import both
from tests.builders.archives import Topic
from tests.builders.live import Live
from tests.builders.log_file import invoke, write
from tests.builders.story import DAY, MONDAY, event

if TYPE_CHECKING:
    from collections.abc import Callable

PARTITIONS = 4
VARY = ("--vary", "criteria.product_interest.did.at_least=1,4", "--within", "60")
BACKENDS = [
    "reference",
    pytest.param("native", marks=pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT)),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAGELINE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "replay"


@pytest.fixture
def year(tmp_path: Path) -> tuple[str, str]:
    """A made-up year in a file, and archived in four partitions; nobody becomes part of another contact."""
    told = [row for row in rows(800, 40, seed=5) if row["type"] != "contact_identified"]
    topic = Topic(tmp_path / "year", PARTITIONS)
    for row in told:
        for key, value in admit(json.dumps(row).encode(), received_at=row["occurred_at"]):
            topic.add(key, value)
    return str(write(tmp_path / "year.ndjson", told)), str(topic.archive(pieces=3).root)


@pytest.fixture
def links(tmp_path: Path) -> tuple[str, str]:
    """Visitors who are recognised, contacts that are merged: in a file, and as workers have recorded it."""
    told: list[tuple[str, int, dict[str, Any]]] = []
    for number in range(8):
        seen = {"contact_id": None, "anonymous_id": f"v{number % 3}", "url": "/products/a"}
        told.append(("page_view", MONDAY + number * DAY, seen))
        told.append(("page_view", MONDAY + number * DAY + 1, {"contact_id": "bob", "url": "/products/a"}))
    told.append(("contact_identified", MONDAY + 9 * DAY, {"contact_id": "ann", "anonymous_id": "v0"}))
    told.append(("contact_identified", MONDAY + 10 * DAY, {"contact_id": "cid", "anonymous_id": "v1"}))
    told.append(
        ("page_view", MONDAY + 11 * DAY, {"contact_id": None, "anonymous_id": "v0", "url": "/products/a"})
    )
    merged = {"contact_id": "ann", "into": "ann", "other": "bob"}
    told.append(("contacts_merged", MONDAY + 12 * DAY, merged))
    for number, who in enumerate(("ann", "bob", "cid")):
        won = {"contact_id": who, "deal": "d", "stage": "closed_won"}
        told.append(("deal_changed", MONDAY + (30 + number) * DAY, won))
    live = Live(load_lifecycle("clarity"), sizes=(3, 1))
    for type_, at, fields in told:
        live.tell(type_, at, **fields)
        live.work()
    topic = Topic(tmp_path / "links", partitions=1)
    for record in live.records:
        topic.add(record.key or b"", record.value or b"", partition=0)
    lines = [
        {
            name: value
            for name, value in event(type_, at, event_id=f"e{number}", **fields).items()
            if value is not None
        }
        for number, (type_, at, fields) in enumerate(told, start=1)
    ]
    return str(write(tmp_path / "links.ndjson", lines)), str(topic.archive().root)


@pytest.fixture
def easier(tmp_path: Path) -> str:
    text = Path("schemas/lifecycles/buyers-journey.yaml").read_text("utf-8")
    path = tmp_path / "easier.yaml"
    path.write_text(text.replace("at_least: 10, within: 14d", "at_least: 1, within: 14d"))
    return str(path)


def told(command: str, *words: str) -> dict[str, Any]:
    code, out, err = invoke(command, *words, "--jobs", "1", "--format", "json")
    assert code == 0, (out, err)
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_diff_of_an_archive_is_that_of_the_same_events_in_a_file(
    year: tuple[str, str], easier: str, backend: str, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv(BACKEND, backend)
    both_sides = ("--from", "buyers-journey", "--to", easier)
    file, archive = (told("diff", *both_sides, "--events", one) for one in year)
    assert archive == file
    assert archive["events"] > 750
    assert archive["moved"] > 5
    later = ("--as-of", "2028-01-01T00:00:00Z")
    assert told("diff", *both_sides, "--events", year[1], *later) == told(
        "diff", *both_sides, "--events", year[0], *later
    )
    assert not list(home.iterdir())


def test_the_page_and_its_csv_are_the_same_too(year: tuple[str, str], easier: str, tmp_path: Path) -> None:
    pages = []
    for name, events in zip(("file", "archive"), year, strict=True):
        page = tmp_path / name / "out.html"
        page.parent.mkdir()
        code, _, err = invoke(
            "diff",
            "--from",
            "buyers-journey",
            "--to",
            easier,
            "--events",
            events,
            "--page",
            str(page),
            "--jobs",
            "1",
        )
        assert code == 0, err
        pages.append((page.read_bytes(), page.with_suffix(".csv").read_bytes()))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_contacts_that_became_part_of_others_are_compared_alike(
    links: tuple[str, str], easier: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transfers in the log were recorded under a third definition: they are worked out anew."""
    monkeypatch.setenv(BACKEND, backend)
    file, archive = (
        told("diff", "--from", "buyers-journey", "--to", easier, "--events", one) for one in links
    )
    assert archive.pop("events") > file.pop("events")  # with what was passed on
    assert archive == file
    assert archive["moved"] > 0
    assert archive["contacts"] == 3


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("which", ["year", "links"])
def test_the_lab_judges_an_archive_as_the_same_events_in_a_file(
    which: str, backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv(BACKEND, backend)
    file, archive = (
        told("lab", "buyers-journey", *VARY, "--events", one) for one in request.getfixturevalue(which)
    )
    assert archive.pop("events") >= file.pop("events")
    assert archive == file
    assert len({variant["mqls"] for variant in archive["variants"]}) > 1
    assert archive["variants"][1]["won_contacts"] > 0
    assert archive["variants"][1]["foreseen"] > 0
    assert not list(home.iterdir())


def counted(done: list[tuple[str, int]], most: int | None = None) -> Callable[..., Any]:
    """A replay of a partition that is noted in `done`, and interrupted once so many are."""

    def replay_part(*given: Any) -> Any:  # noqa: ANN401 - whatever the original takes and gives
        if len(done) == most:
            raise KeyboardInterrupt
        done.append((given[0].plan.plan_hash, given[1]))
        return parts.replay_part(*given)

    return replay_part


def test_an_interrupted_diff_goes_on_where_it_was(
    year: tuple[str, str], easier: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("diff", "--from", "buyers-journey", "--to", easier, "--events", year[1])
    whole, done = told(*words), list[tuple[str, int]]()
    monkeypatch.setattr(pool, "replay_part", counted(done, 2 * PARTITIONS + 1))  # within the second side
    code, _, err = invoke(*words, "--jobs", "1")
    assert (code, "--resume" in err) == (1, True)
    assert len(list(home.iterdir())) == 3

    monkeypatch.setattr(pool, "replay_part", counted(done))
    assert told(*words, "--resume") == whole
    assert len(done) == 3 * PARTITIONS  # none twice
    assert not list(home.iterdir())


def test_what_another_version_has_finished_is_done_again(
    year: tuple[str, str], easier: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("diff", "--from", "buyers-journey", "--to", easier, "--events", year[1])
    whole, done = told(*words), list[tuple[str, int]]()
    monkeypatch.setattr(pool, "replay_part", counted(done, PARTITIONS))
    invoke(*words, "--jobs", "1")
    tallies = list(home.glob("*/*.tally"))
    for tally in tallies:
        known = json.loads(tally.read_text())
        del known["companies"]
        tally.write_text(json.dumps(known))
    monkeypatch.setattr(pool, "replay_part", parts.replay_part)
    assert tallies
    assert told(*words, "--resume") == whole


def test_an_interrupted_lab_goes_on_where_it_was_and_nobody_else_does(
    year: tuple[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("lab", "buyers-journey", *VARY, "--events", year[1])
    compare = ("diff", "--from", "buyers-journey", "--to", "clarity", "--events", year[1])
    whole, compared, done = told(*words), told(*compare), list[tuple[str, int]]()
    with monkeypatch.context() as patch:
        patch.setattr(pool, "replay_part", counted(done, PARTITIONS + 1))  # within the second variant
        code, _, err = invoke(*words, "--jobs", "1")
    assert (code, "--resume" in err) == (1, True)
    assert told(*compare, "--resume") == compared  # although it replays the same, up to the same time

    monkeypatch.setattr(pool, "replay_part", counted(done))
    assert told(*words, "--resume") == whole
    assert len(done) == len(whole["variants"]) * PARTITIONS  # none twice
    assert not list(home.iterdir())


def test_a_folder_that_is_no_archive_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    code, _, err = invoke("replay", "--events", str(tmp_path))
    assert (code, err) == (1, f"Error: {tmp_path}: no archive; `stageline archive {tmp_path}` makes one.\n")
    assert not list(tmp_path.iterdir())


def test_a_file_is_not_resumed(year: tuple[str, str], easier: str) -> None:
    code, _, err = invoke("diff", "--from", "buyers-journey", "--to", easier, "--events", year[0], "--resume")
    assert (code, err) == (1, "Error: --resume is for an archive: `stageline archive` makes one.\n")
