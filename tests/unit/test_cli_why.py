"""`stageline why` over a file."""

import json
import re
from pathlib import Path

import pytest

from tests.builders.log_file import VIEW, ann_and_bob, invoke, write
from tests.builders.story import HOUR, MONDAY


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return ann_and_bob(tmp_path / "events.ndjson")


def test_why_names_the_criterion_the_values_and_what_is_missing(log: Path) -> None:
    code, out, _ = invoke("why", "--events", str(log), "ann")
    assert code == 0
    assert "main: mql since 2026-03-02T18:00:00Z" in out
    assert "criteria.product_interest" in out
    assert "✓ product_view at least 10 times within 14 days: 10 [ann-0, ann-1" in out
    assert "why not yet sal:" in out
    assert "✗ hand-off accepted: open" in out


def test_why_not_yet_tells_how_far_it_is(log: Path) -> None:
    code, out, _ = invoke("why", "--events", str(log), "bob", "--json")
    told = json.loads(out)
    (mql, *_rest) = told["tracks"]["main"]["next"]
    evidence = {one["path"]: one for way in mql["ways"] for one in way["evidence"]}
    assert code == 0
    assert mql["stage"] == "mql"
    assert evidence["criteria.product_interest"]["value"] == "9"
    assert not evidence["criteria.product_interest"]["met"]


def test_why_can_look_back(log: Path) -> None:
    _, out, _ = invoke("why", "--events", str(log), "ann", "--at", "2026-03-02T17:59:59Z", "--json")
    assert json.loads(out)["contact"]["tracks"]["main"]["stage"] is None


def test_why_refuses_a_contact_that_is_not_in_the_log(log: Path) -> None:
    code, _, err = invoke("why", "--events", str(log), "eve")
    assert code == 1
    assert "eve: no event of this contact" in err


def test_why_shows_what_people_wrote_as_text(tmp_path: Path) -> None:
    """`[/x]` would be a mark without a beginning to the terminal's markup."""
    who = {"contact_id": "a[/x]", "occurred_at": MONDAY}
    by_hand = {
        "track": "main",
        "stage": "sal",
        "kind": "pin",
        "actor": "kim[/x]",
        "reason": "knows them [/b]",
    }
    pinned = {"type": "stage_overridden", "event_id": "o", **who, **by_hand, "occurred_at": MONDAY + HOUR}
    log = write(tmp_path / "odd.ndjson", [{**VIEW, "event_id": "e", **who}, pinned])
    code, out, err = invoke("why", "--events", str(log), "a[/x]")
    assert (code, err) == (0, "")
    assert "held by hand: pin sal (kim[/x]: knows them [/b])" in out


def test_why_names_a_visitor_that_became_somebody(tmp_path: Path) -> None:
    known = {"type": "contact_identified", "event_id": "i", "anonymous_id": "v[/x]", "contact_id": "ann"}
    rows = [{**VIEW, "event_id": "e", "anonymous_id": "v[/x]", "occurred_at": MONDAY}]
    log = write(tmp_path / "known.ndjson", [*rows, {**known, "occurred_at": MONDAY + HOUR}])
    code, out, err = invoke("why", "--events", str(log), "anon:v[/x]")
    assert (code, err) == (0, "")
    assert "anon:v[/x] is part of ann now: ask for that one." in out


def test_why_says_how_a_contact_known_by_address_alone_is_called(tmp_path: Path) -> None:
    log = write(
        tmp_path / "log.ndjson", [{**VIEW, "event_id": "e", "email": "Ann@x.example", "occurred_at": MONDAY}]
    )
    code, _, err = invoke("why", "--events", str(log), "ann@x.example")
    (known,) = re.findall(r"by address alone is (email:[0-9a-f]{32}): ask for that", err)
    assert code == 1
    assert invoke("why", "--events", str(log), known)[0] == 0
    assert "Is the id spelt as in the log?" in invoke("why", "--events", str(log), "a@b@c")[2]
