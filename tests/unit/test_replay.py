import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from processors.feeds.items import Refused, Row
from processors.feeds.lines import open_input
from processors.feeds.transfer import read_ndjson
from processors.intake import place_normal
from processors.lifecycle_files import load_lifecycle
from processors.replay.log_files import open_log
from processors.replay.replay import Replay
from schemas.codec import encode
from schemas.errors import SchemaError
from tests.builders.log_file import VIEW, ann_and_bob, digest_of, invoke, views, write
from tests.builders.story import DAY, HOUR, MONDAY, event

PLAN = load_lifecycle("buyers-journey")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return ann_and_bob(tmp_path / "events.ndjson")


def summary(*words: str) -> dict[str, Any]:
    code, out, _ = invoke("replay", *words)
    assert code == 0
    told: dict[str, Any] = json.loads(out)
    return told


def test_a_replay_counts_events_contacts_and_moves(log: Path) -> None:
    told = summary("--events", str(log))
    assert (told["events"], told["contacts"], told["refused"]) == (20, 2, 0)
    assert told["moves"] == {"none→mql": 1}
    assert told["stages"]["main"]["mql"] == 1
    assert told["stages"]["main"]["none"] == 1
    assert told["plan_hash"] == PLAN.plan_hash


def test_the_digest_is_that_of_the_changes_file(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "changes.ndjson"
    told = summary("--events", str(log), "--changes", str(out), "--as-of", "2027-03-01T00:00:00Z")
    assert len({json.loads(line)["contact_id"] for line in out.read_bytes().splitlines()}) == 2
    assert told["digest"] == digest_of(out)


def test_companies_are_counted_by_stage_where_the_file_has_them(tmp_path: Path, log: Path) -> None:
    signup = {"type": "newsletter_signup", "occurred_at": MONDAY}
    rows = [
        signup | {"contact_id": "ann", "event_id": "1", "company_id": "acme"},
        signup | {"type": "demo_requested", "contact_id": "bob", "event_id": "2", "company_id": "acme"},
        signup | {"contact_id": "cyd", "event_id": "3", "company_id": "globex"},
        views({"contact_id": "dan"}, 1)[0] | {"company_id": "initech"},
    ]
    told = summary("--events", str(write(tmp_path / "log.ndjson", rows)), "--lifecycle", "inveniv")
    assert {name: count for name, count in told["companies"].items() if count} == {
        "none": 1,
        "subscriber": 1,
        "mql": 1,
    }
    assert list(told["companies"])[:3] == ["none", "subscriber", "lead"]
    assert "companies" not in summary("--events", str(log))


def test_gzip_and_standard_input_give_the_same_digest(log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "events.ndjson.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    plain = summary("--events", str(log))
    assert summary("--events", str(packed)) == plain
    code, out, _ = invoke("replay", "--events", "-", stdin=log.read_bytes())
    assert (code, json.loads(out)) == (0, plain)


@pytest.mark.parametrize(
    "command",
    [
        ("replay",),
        ("diff", "--from", "buyers-journey", "--to", "clarity"),
        ("lab", "buyers-journey", "--vary", "criteria.product_interest.did.at_least=9,10"),
    ],
)
def test_no_log_can_end_before_its_last_event(log: Path, command: tuple[str, ...]) -> None:
    """What came later would be counted, and told as if it had been before."""
    code, _, err = invoke(*command, "--events", str(log), "--as-of", "2026-03-01T00:00:00Z")
    assert code == 1
    assert "--as-of 2026-03-01T00:00:00.000Z is before the log's last event" in err


def test_a_file_of_that_name_does_not_hide_standard_input(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("-"), views({"contact_id": "eve"}, 3))
    _, piped, _ = invoke("replay", "--events", "-", stdin=log.read_bytes())
    assert (json.loads(piped)["events"], summary("--events", "./-")["events"]) == (20, 3)


def test_as_of_fires_the_timers_up_to_then(log: Path) -> None:
    told = summary("--events", str(log), "--as-of", "2027-03-01T00:00:00Z")
    assert told["moves"] == {"mql→nurture": 1, "none→mql": 1}


def test_states_are_written_one_contact_a_line(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "states.ndjson"
    summary("--events", str(log), "--states", str(out))
    states = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(one["contact_id"], one["tracks"]["main"]["stage"]) for one in states] == [
        ("ann", "mql"),
        ("bob", None),
    ]


def test_a_line_that_cannot_be_read_is_named_and_the_rest_goes_on(log: Path) -> None:
    log.write_text('{"type": "page_vew"}\n' + log.read_text())
    code, out, err = invoke("replay", "--events", str(log))
    assert code == 1
    assert "line 1: " in err
    assert "page_view" in err
    assert err.count("Lines refused: 1.\n") == 1
    assert json.loads(out)["refused"] == 1
    assert json.loads(out)["events"] == 20


def test_an_event_that_names_nobody_is_refused_by_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "nobody.ndjson", [{**VIEW, "event_id": "e", "occurred_at": MONDAY}])
    code, out, err = invoke("replay", "--events", str(path), "--allow-rejects")
    assert code == 0
    assert "line 1: " in err
    assert json.loads(out)["refused"] == 1


def test_a_missing_file_is_refused_in_one_line() -> None:
    code, out, err = invoke("replay", "--events", "nowhere.ndjson")
    assert (code, out) == (1, "")
    assert err == "Error: nowhere.ndjson: no such file of events.\n"


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    path, pipe = write(tmp_path / "log.ndjson", views({"contact_id": "a"}, 9)), tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=lambda: pipe.write_bytes(path.read_bytes()))
    writer.start()
    from_pipe = invoke("replay", "--events", str(pipe))
    writer.join()
    assert from_pipe[:2] == invoke("replay", "--events", str(path))[:2]


def test_a_damaged_container_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "cut.avro"
    path.write_bytes(b"Obj\x01")
    code, out, err = invoke("replay", "--events", str(path))
    assert (code, out, err) == (1, "", f"Error: {path}: the file is cut short.\n")


def test_a_place_that_cannot_be_written_to_is_said_before_anything_is_folded(tmp_path: Path) -> None:
    path, nowhere = write(tmp_path / "log.ndjson", views({"contact_id": "a"}, 9)), tmp_path / "no" / "out"
    compare = ("diff", "--from", "buyers-journey", "--to", "clarity", "--page")
    for command in (("replay", "--changes"), ("replay", "--states"), compare):
        code, out, err = invoke(*command, str(nowhere), "--events", str(path))
        assert (code, out, err.count("\n"), str(nowhere) in err) == (1, "", 1, True)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("replay", "--changes", "{log}"), "--events and --changes"),
        (("replay", "--states", "{folder}/../{name}/log.ndjson"), "--events and --states"),
        (("replay", "--changes", "{folder}/o", "--states", "{folder}/o"), "--changes and --states"),
        (("replay", "--lifecycle", "{folder}/o", "--changes", "{folder}/o"), "--lifecycle and --changes"),
        (("diff", "--from", "clarity", "--to", "engaged", "--page", "{log}"), "--events and --page"),
        (("diff", "--from", "clarity", "--to", "engaged", "--page", "{folder}/o.csv"), "--page and the CSV"),
    ],
)
def test_a_file_that_is_read_is_never_written_over(words: Sequence[str], named: str, tmp_path: Path) -> None:
    path = write(tmp_path / "log.ndjson", views({"contact_id": "a"}, 9))
    before = path.read_bytes()
    places = {"log": path, "folder": tmp_path, "name": tmp_path.name}
    code, _, err = invoke(*(word.format(**places) for word in words), "--events", str(path))
    assert (code, named in err) == (2, True)
    assert path.read_bytes() == before


def test_a_visitor_who_is_recognised_brings_the_history_along(tmp_path: Path) -> None:
    rows = views({"anonymous_id": "v"}, 6) + views({"contact_id": "ann"}, 4, MONDAY + 20 * HOUR)
    rows.append({"type": "contact_identified", "event_id": "i", "contact_id": "ann", "anonymous_id": "v",
                 "occurred_at": MONDAY + 2 * DAY})  # fmt: skip
    changes = tmp_path / "changes.ndjson"
    summary("--events", str(write(tmp_path / "e.ndjson", rows)), "--changes", str(changes))
    told = [json.loads(line) for line in changes.read_text().splitlines()]
    (move,) = (one for one in told if one["record"] == "stage_changed")
    (offer,) = (one for one in told if one["record"] == "mql_handoff")
    tenth_view = MONDAY + 23 * HOUR
    assert (move["contact_id"], move["to"], move["at"]) == ("ann", "mql", tenth_view)
    assert (offer["action"], offer["at"]) == ("offered", MONDAY + 2 * DAY)


def test_events_of_a_recognised_visitor_count_for_the_contact(tmp_path: Path) -> None:
    rows = [{"type": "contact_identified", "event_id": "i", "contact_id": "ann", "anonymous_id": "v",
             "occurred_at": MONDAY}, *views({"anonymous_id": "v"}, 10, MONDAY + HOUR)]  # fmt: skip
    told = summary("--events", str(write(tmp_path / "e.ndjson", rows)))
    assert told["moves"] == {"none→mql": 1}
    assert told["contacts"] == 1


def test_undoing_a_merge_folds_both_from_history(tmp_path: Path) -> None:
    merge = {"contact_id": "ann", "into": "ann", "other": "bob"}
    rows = [
        *views({"contact_id": "ann"}, 6),
        *views({"contact_id": "bob"}, 3, MONDAY + 10 * HOUR),
        {
            "type": "contacts_merged",
            "event_id": "m",
            "contact_id": "ann",
            "occurred_at": MONDAY + DAY,
            **merge,
        },
        *views({"contact_id": "bob"}, 1, MONDAY + 2 * DAY)[:0],
        {
            "type": "merge_undone",
            "event_id": "u",
            "contact_id": "ann",
            "occurred_at": MONDAY + 2 * DAY,
            **merge,
        },
    ]
    out = tmp_path / "states.ndjson"
    summary("--events", str(write(tmp_path / "e.ndjson", rows)), "--states", str(out))
    states = {one["contact_id"]: one for one in map(json.loads, out.read_text().splitlines())}
    alone = tmp_path / "alone.ndjson"
    apart = [row for row in rows if row["type"] == "page_view"]
    summary("--events", str(write(alone, apart)), "--states", str(out), "--as-of", "2026-03-04T09:00:00Z")
    expected = {one["contact_id"]: one for one in map(json.loads, out.read_text().splitlines())}
    for name in ("ann", "bob"):
        assert states[name]["score"] == expected[name]["score"]
        assert states[name]["first_touch"] == expected[name]["first_touch"]
        assert states[name]["forwarded_to"] is None
    assert states["ann"]["merged"] == []


def test_a_recorded_log_is_taken_as_it_stands() -> None:
    replay = Replay(PLAN, lambda: (), recorded=True)
    rows = [{**event("page_view", MONDAY + index * HOUR, event_id=f"e{index}", url="/products/a"),
             "position": index} for index in range(10)]  # fmt: skip
    clock = {
        **event("clock_advanced", MONDAY + 200 * DAY),
        "contact_id": None,
        "at": MONDAY + 200 * DAY,
        "position": 99,
    }
    changes = [change for row in [*rows, clock] for change in replay.feed(row)]
    assert [one["to"] for one in changes if one["record"] == "stage_changed"] == ["mql", "nurture"]


def test_a_log_that_was_read_to_its_end_is_done_although_its_file_is_closed(log: Path) -> None:
    with open_log(str(log)) as opened:
        assert len(list(opened.events())) == 20
        assert opened.done() == opened.size == log.stat().st_size


def test_lines_are_read_as_one_by_one_whoever_reads_them(log: Path, tmp_path: Path) -> None:
    late = {**VIEW, "event_id": "l", "anonymous_id": "v", "occurred_at": MONDAY, "received_at": MONDAY + 1}
    avro = encode({**event("page_view", MONDAY, event_id="a", url="/a")})
    odd = [json.dumps(late).encode(), b"", b"{", avro.replace(b"\n", b""), '{"type": "é"}'.encode()]
    mixed = tmp_path / "mixed.ndjson"
    mixed.write_bytes(log.read_bytes() + b"\n".join(odd) + b"\n" + log.read_bytes())
    refused: list[Any] = []
    with open_log(str(mixed)) as opened, open_input(str(mixed)) as source:
        found = [*map(place_normal, opened.read(refused.append))]
        expected = [*read_ndjson(source.lines)]
    rows = [item for item in expected if isinstance(item, Row)]
    assert len(rows) == 41
    assert found == [place_normal({**row.event, "position": row.line}) for row in rows]
    assert refused == [item for item in expected if isinstance(item, Refused)]
    assert len(refused) == 3


def test_what_stands_before_damage_is_read(tmp_path: Path) -> None:
    packed = gzip.compress(
        b"".join(json.dumps(row).encode() + b"\n" for row in views({"contact_id": "a"}, 9))
    )
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(packed[:-8])
    found: list[str] = []
    with open_log(str(cut)) as opened, pytest.raises(SchemaError, match="cut short"):
        found.extend(one["event_id"] for one in opened.events())
    assert len(found) == 9
