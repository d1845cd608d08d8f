"""`stageline why` over a file."""

import json
from pathlib import Path

import pytest

from tests.builders.log_file import ann_and_bob, invoke


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
