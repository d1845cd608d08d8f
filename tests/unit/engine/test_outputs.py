from __future__ import annotations

from typing import Any

from processors.engine.outputs import MAX_BYTES, event_id, to_output
from processors.lifecycle_files import load_lifecycle
from schemas.codec import decode_trusted
from tests.builders.story import Story


def stage_change() -> dict[str, Any]:
    story = Story(load_lifecycle("buyers-journey"))
    return next(one for one in story.tell("demo_requested") if one["record"] == "stage_changed")


def test_a_change_has_the_same_id_whenever_it_is_computed_and_another_change_another() -> None:
    change = stage_change()
    assert event_id(change) == event_id(stage_change())
    others = [change | {"sequence": 2}, change | {"to": "sal"}, change | {"plan_hash": "f" * 64}]
    assert len({event_id(one) for one in [change, *others]}) == 4


def test_an_explanation_too_long_to_send_is_cut_to_its_summary() -> None:
    change = stage_change()
    evidence = change["why"]["evidence"][0]
    long = {**change, "why": {**change["why"], "evidence": [{**evidence, "events": ["e" * 100] * 20_000}]}}
    output = to_output(long)
    sent = decode_trusted(output.value or b"")
    assert len(output.value or b"") < MAX_BYTES
    assert sent["why"] == {**change["why"], "evidence": [], "score_parts": []}
    assert {**sent, "why": None} == {**change, "why": None}


def test_the_time_of_a_change_is_exact_to_the_millisecond_in_every_year() -> None:
    change = stage_change()
    for at, said in (
        (1_772_442_000_001, b"2026-03-02T09:00:00.001+00:00"),
        (253_402_300_799_999, b"9999-12-31T23:59:59.999+00:00"),
    ):
        assert dict(to_output(change | {"at": at}).headers)["ce_time"] == said
