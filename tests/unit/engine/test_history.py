"""What only a contact's history can tell is told at the event that asks for it, as if it had been known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processors.lifecycle import describe
from tests.builders import both
from tests.builders.lifecycles import plan_of, stages
from tests.builders.live import Live, decoded
from tests.builders.story import DAY, HOUR, MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Worker = Callable[[], Live]

PLAN = plan_of(
    "scores: {heat: {rules: [{id: view, per: view, points: 10}]}}\n"
    "segments: {warmth: {of: total, bands: [{id: warm, gte: 20}, {id: cold}]}}\n"
    + stages(
        "id: lead, enter: {did: {what: download}}",
        "id: mql, enter: {did: {what: view, at_least: 3}}, handoff: {to: sales, accept_within: 4h}",
        "id: sal, enter: {handoff: accepted}",
    )
)
NATIVE = pytest.param("native", marks=pytest.mark.skipif(not both.INSTALLED, reason=both.WHY_NOT))
KNOWN = ("score", "score_parts", "first_touch", "last_touch", "segments")


@pytest.fixture(params=["reference", NATIVE])
def worker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setenv("STAGELINE_BACKEND", request.param)
    return lambda: Live(PLAN, (2,))


def views(live: Live, contact: str | None, days: Iterable[int], **fields: Any) -> None:  # noqa: ANN401
    """One view a day; its event id is the contact and the day."""
    for day in days:
        live.tell("page_view", MONDAY + day * DAY, contact_id=contact, event_id=f"{contact}-{day}", **fields)


def void(live: Live, contact: str, voids: str, day: int) -> None:
    at = MONDAY + day * DAY
    live.tell("engagement_voided", at, contact_id=contact, voids=voids, reason="bot", source="filter")


def merge(live: Live, other: str, day: int, kind: str = "contacts_merged") -> None:
    live.tell(kind, MONDAY + day * DAY, contact_id="ann", into="ann", other=other)


def known(live: Live, contact: str = "ann") -> dict[str, Any]:
    live.work()
    told = describe(PLAN, live.states()[contact.encode()])
    return {name: told[name] for name in KNOWN}


def test_a_void_that_empties_the_first_touch_tells_the_second_and_every_change_once(worker: Worker) -> None:
    live = worker()
    views(live, "ann", range(3))
    void(live, "ann", "ann-0", 4)
    live.work()
    told = decoded(live.outputs[b"ann"])
    (moved,) = (one for one in told if one["record"] == "stage_changed" and one["from"] == "mql")
    (withdrawn,) = (one for one in told if one["record"] == "mql_handoff" and one["action"] == "withdrawn")
    for one in (moved, withdrawn):
        assert one["why"]["first_touch"]["event_id"] == "ann-1"
        assert one["cause"]["event_id"] == "e4"
    assert moved["reason"] == "its engagement was voided: bot"
    assert [one["sequence"] for one in told if one["record"] == "stage_changed"] == [1, 2]


def test_what_is_voided_is_as_if_it_never_happened(worker: Worker) -> None:
    live, clean = worker(), worker()
    views(live, "ann", range(5))
    views(clean, "ann", range(2, 5))
    for number in range(2):
        void(live, "ann", f"ann-{number}", 6)
        void(clean, "ann", "nothing", 6)
    assert known(live) == known(clean)


@pytest.mark.parametrize("voided", ["None-0", "None-1"])
def test_what_a_visitor_did_and_is_voided_later_stays_out_when_the_contact_is_folded_again(
    worker: Worker, voided: str
) -> None:
    live, clean = worker(), worker()
    for one in (live, clean):
        kept = [day for day in range(3) if one is live or f"None-{day}" != voided]
        views(one, None, kept, anonymous_id="v")
        one.tell("contact_identified", MONDAY + 3 * DAY, contact_id="ann", anonymous_id="v")
        one.work()
        views(one, "ann", [4])
    void(live, "ann", voided, 5)
    void(live, "ann", "None-2", 5)
    void(clean, "ann", "None-2", 5)
    told, expected = known(live), known(clean)
    assert told["score"] == expected["score"]
    assert told["first_touch"] == expected["first_touch"]


def test_a_merge_that_was_undone_stays_undone_when_the_contact_is_folded_again(worker: Worker) -> None:
    live, clean = worker(), worker()
    for one in (live, clean):
        views(one, "ann", range(4))
        if one is live:
            for other in ("bob", "eve"):
                views(one, other, range(4))
                merge(one, other, 4)
            one.work()
            views(one, "bob", [5])
            for other in ("bob", "eve"):
                merge(one, other, 6, "merge_undone")
            one.work()
        void(one, "ann", "ann-0", 7)
    assert known(live) == known(clean)
    assert known(live, "bob")["score"]["heat"] == 50_000


def test_a_contact_merged_again_after_its_merge_was_undone_counts_once(worker: Worker) -> None:
    live = worker()
    views(live, "ann", range(2))
    views(live, "bob", range(2))
    for kind in ("contacts_merged", "merge_undone", "contacts_merged"):
        merge(live, "bob", 3, kind)
        live.work()
    void(live, "ann", "ann-0", 4)
    assert known(live)["score"]["heat"] == 30_000


def test_a_view_of_long_ago_that_made_the_stage_is_voided_out_of_it(worker: Worker) -> None:
    """The ring of what was seen last has forgotten it: the stage it was founded on falls all the same."""
    live = worker()
    views(live, "ann", range(3))
    for number in range(130):
        live.tell("email_opened", MONDAY + 3 * DAY + number * HOUR, contact_id="ann", campaign="c")
    void(live, "ann", "ann-1", 12)
    live.work()
    moves = [one for one in decoded(live.outputs[b"ann"]) if one["record"] == "stage_changed"]
    assert [one["to"] for one in moves] == ["mql", None]


def test_who_stands_alone_again_is_told_once_where_all_that_happened_meanwhile_leads_to(
    worker: Worker,
) -> None:
    live = worker()
    live.tell("asset_download", MONDAY, contact_id="bob", asset="a")
    merge(live, "bob", 1)
    live.work()
    views(live, "bob", range(2, 5))
    merge(live, "bob", 6, "merge_undone")
    live.work()
    moves = [one for one in decoded(live.outputs[b"bob"]) if one["record"] == "stage_changed"]
    assert [one["to"] for one in moves] == ["lead", None, "mql"]
    assert [one["sequence"] for one in moves] == [1, 2, 3]
