from typing import Any

import pytest

from processors import lifecycle
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, Story, event

PLAN = plan_of(
    "scores: {heat: {decay: {half_life: 30d}, rules: [{id: view, per: view, points: 10},"
    " {id: form, per: form, points: 5, decay: {expires: 60d}},"
    " {id: guide, per: download, points: 8, distinct: asset}]}}\n"
    + stages(
        "id: lead, enter: {did: {what: download}}",
        "id: mql, enter: {did: {what: view, at_least: 3, within: 7d}},"
        " handoff: {to: sales, accept_within: 4h}",
        "id: sal, enter: {handoff: accepted}",
    )
)


def void(story: Story, event_id: str) -> list[dict[str, Any]]:
    return story.tell("engagement_voided", story.now + 1, voids=event_id, reason="bot", source="filter")


def heat(story: Story) -> int:
    points: int = lifecycle.describe(story.plan, story.state)["score"]["heat"]
    return points


def viewed(times: int) -> Story:
    story = Story(PLAN)
    for index in range(times):
        story.tell("page_view", MONDAY + index * HOUR)
    return story


def test_a_void_takes_points_back_exactly() -> None:
    story, clean = viewed(2), viewed(1)
    story.tell("form_submitted", MONDAY + 2 * HOUR)
    void(story, "e2")
    void(story, "e1")
    clean.until(story.now)
    assert heat(story) == heat(clean)


def test_a_void_takes_counts_back_and_what_follows_counts_again() -> None:
    story = viewed(2)
    void(story, "e1")
    story.tell("page_view", MONDAY + 2 * HOUR)
    assert story.stage is None
    story.tell("page_view", MONDAY + 3 * HOUR)
    assert story.stage == "mql"


def test_a_stage_entered_on_what_was_voided_is_left_and_its_hand_off_withdrawn() -> None:
    story = viewed(3)
    story.tell("asset_download", MONDAY - DAY, asset="a")
    told = void(story, "e1")
    assert [one["record"] for one in told] == ["stage_changed", "mql_handoff"]
    move, withdrawn = told
    assert (move["from"], move["to"]) == ("mql", "lead")
    assert move["reason"] == "its engagement was voided: bot"
    assert withdrawn["action"] == "withdrawn"


def test_after_a_void_the_stage_can_be_reached_and_offered_again() -> None:
    story = viewed(3)
    void(story, "e1")
    assert story.stage is None
    move, offer = story.tell("page_view", MONDAY + DAY)
    assert (move["to"], offer["action"]) == ("mql", "offered")
    assert len({one["handoff"] for one in story.handoffs}) == 2


def test_what_sales_has_accepted_stays() -> None:
    story = viewed(3)
    story.tell("handoff_accepted", story.now + 1, handoff=None)
    assert void(story, "e1") == []
    assert story.stage == "sal"


def test_a_void_of_what_is_past_its_window_moves_nothing() -> None:
    story = viewed(4)
    story.until(MONDAY + 30 * DAY)
    assert void(story, "e1") == []
    assert story.stage == "mql"


def test_the_event_that_crossed_the_line_is_never_past() -> None:
    story = viewed(3)
    story.until(MONDAY + 30 * DAY)
    (move, withdrawn) = void(story, "e2")
    assert (move["to"], withdrawn["action"]) == (None, "withdrawn")


def test_a_void_that_comes_before_its_event_still_voids_it() -> None:
    story = Story(PLAN)
    void(story, "later")
    for event_id in ("a", "b", "later"):
        story.tell("page_view", MONDAY + HOUR, event_id=event_id)
    assert story.stage is None
    assert heat(story) == 20_000


def test_voiding_twice_changes_nothing_more() -> None:
    story = viewed(2)
    void(story, "e1")
    points = heat(story)
    assert void(story, "e1") == []
    assert heat(story) == points


def test_a_voided_event_that_is_sent_again_does_not_count() -> None:
    story = viewed(2)
    void(story, "e1")
    story.tell("page_view", MONDAY + HOUR, event_id="e1")
    story.tell("page_view", MONDAY + 3 * HOUR)
    assert story.stage is None


def test_counts_are_exact_while_the_margin_suffices() -> None:
    """Eleven are kept (three and a margin of eight); of twenty, the ninth void asks for history."""
    story = viewed(20)
    asked = []
    for index in range(19, 8, -1):
        told = void(story, f"e{index}")
        asked.append(any(one["record"] == "refold_needed" for one in told))
    assert asked[:8] == [False] * 8
    assert asked[8]


def test_within_the_margin_the_count_is_that_of_a_contact_who_never_did_it() -> None:
    story = viewed(20)
    for index in range(19, 11, -1):
        void(story, f"e{index}")
    (evidence,) = (one for way in lifecycle.why(PLAN, story.state)["main"]["here"] for one in way["evidence"])
    assert evidence["events"] == ["e9", "e10", "e11"]


@pytest.mark.parametrize(("voided", "needs"), [("e1", False), ("e2", True), ("e0", True)])
def test_the_newest_event_of_a_value_seen_twice_and_the_first_touch_need_history(
    voided: str, *, needs: bool
) -> None:
    story = Story(PLAN)
    story.tell("page_view", MONDAY)
    story.tell("asset_download", MONDAY + 1, asset="a")
    story.tell("asset_download", MONDAY + HOUR, asset="a")
    told = void(story, voided)
    assert any(one["record"] == "refold_needed" for one in told) is needs


def test_a_refold_gives_the_contact_that_never_did_it_and_keeps_its_moves() -> None:
    history = []
    story = viewed(0)
    for index in range(30):
        history.append({**_view(index), "position": index})
        story.position = index
        story.apply(history[-1])
    voids = [{**_void(index), "position": 30 + index} for index in range(15, 30)]
    for one in voids:
        story.apply(one)
    state, changes = lifecycle.refold(
        PLAN, lifecycle.Log(lambda _: [*history, *voids]), keep_moves_of=story.state
    )
    clean = Story(PLAN)
    for one in history[:15]:
        clean.apply(one)
    clean.until(lifecycle.describe(PLAN, state)["clock"])
    told, expected = lifecycle.describe(PLAN, state), lifecycle.describe(PLAN, clean.state)
    assert changes == ()
    for key in ("score", "score_parts", "first_touch", "last_touch", "last_counted"):
        assert told[key] == expected[key]


def _view(index: int) -> dict[str, Any]:
    return event("page_view", MONDAY + index * HOUR, event_id=f"e{index}")


def _void(index: int) -> dict[str, Any]:
    return event(
        "engagement_voided", MONDAY + 2 * DAY + index, event_id=f"v{index}", voids=f"e{index}", source="f"
    )
