from typing import Any

import pytest

from processors import lifecycle
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, Story, event

PLAN = plan_of(
    "scores: {heat: {decay: {half_life: 30d}, rules: [{id: view, per: view, points: 10}]}}\n"
    "segments: {temperature: {of: heat, bands: [{id: hot, gte: 40}, {id: cold}]}}\n"
    + stages(
        "id: lead, owner: marketing, enter: {did: {what: download}}",
        "id: mql, owner: marketing, enter: {did: {what: view, at_least: 10, within: 14d}},"
        " handoff: {to: sales, accept_within: 4h},"
        " leave: [{goto: lead, when: {did_not: {what: view, for: 90d}}}]",
        "id: sql, enter: {did: {what: form}}",
    )
)


def viewed(contact_id: str, times: int, start: int, *, prefix: str = "") -> Story:
    story = Story(PLAN, contact_id)
    for index in range(times):
        story.tell("page_view", start + index * HOUR, event_id=f"{prefix or contact_id}-{index}")
    return story


def deliver(change: dict[str, Any], story: Story) -> list[dict[str, Any]]:
    """Bring what one contact passes on to another, as the log would."""
    story.position += 1
    told = change["event"] if change["record"] == "event_forwarded" else change
    return story.apply({**told, "position": story.position})


def identify(anonymous: Story, into: Story, at: int) -> list[dict[str, Any]]:
    changes = anonymous.tell("contact_identified", at, into=into.contact_id)
    (transfer,) = (one for one in changes if one["record"] == "history_transferred")
    return deliver(transfer, into)


def merge(other: Story, into: Story, at: int) -> list[dict[str, Any]]:
    changes = other.tell("contacts_merged", at, into=into.contact_id, other=other.contact_id)
    (transfer,) = (one for one in changes if one["record"] == "history_transferred")
    return deliver(transfer, into)


def test_six_views_and_four_are_ten_and_the_stage_is_reached_at_the_tenth_views_time() -> None:
    visitor = viewed("anon:v", 6, MONDAY)
    ann = viewed("ann", 4, MONDAY + DAY)
    move, hot, offer = identify(visitor, ann, MONDAY + 5 * DAY)
    assert (move["to"], move["at"]) == ("mql", MONDAY + DAY + 3 * HOUR)
    assert (hot["to"], hot["at"]) == ("hot", MONDAY + DAY + 3 * HOUR)
    assert (offer["action"], offer["at"]) == ("offered", MONDAY + 5 * DAY)
    assert len(move["why"]["evidence"][0]["events"]) == 10


def test_one_view_less_is_not_enough() -> None:
    visitor, ann = viewed("anon:v", 5, MONDAY), viewed("ann", 4, MONDAY + DAY)
    assert [one["record"] for one in identify(visitor, ann, MONDAY + 5 * DAY)] == ["segment_changed"]


def test_a_contact_known_for_the_first_time_takes_the_visitors_stage_over() -> None:
    visitor = viewed("anon:v", 10, MONDAY)
    assert visitor.stage == "mql"
    assert visitor.handoffs == []
    ann = Story(PLAN, "ann")
    changes = identify(visitor, ann, MONDAY + DAY)
    assert (changes[0]["to"], changes[0]["at"]) == ("mql", MONDAY + 9 * HOUR)
    assert [one["action"] for one in ann.handoffs] == ["offered"]
    assert ann.handoffs[0]["at"] == MONDAY + DAY


def test_the_visitor_has_no_stage_and_no_segment_any_more() -> None:
    visitor = viewed("anon:v", 10, MONDAY)
    identify(visitor, Story(PLAN, "ann"), MONDAY + DAY)
    assert (visitor.stage, visitor.band) == (None, {"temperature": None})
    assert visitor.stage_changes[-1]["reason"] == "identified as ann"
    assert visitor.until(MONDAY + 200 * DAY) == []


def test_what_comes_later_under_the_visitors_id_is_passed_on() -> None:
    visitor, ann = viewed("anon:v", 1, MONDAY), Story(PLAN, "ann")
    identify(visitor, ann, MONDAY + HOUR)
    (passed,) = visitor.tell("form_submitted", MONDAY + 2 * HOUR)
    assert (passed["record"], passed["contact_id"], passed["from"]) == ("event_forwarded", "ann", "anon:v")
    assert "position" not in passed["event"]
    deliver(passed, ann)
    assert ann.stage == "sql"


def test_a_history_that_arrives_twice_counts_once() -> None:
    visitor, ann = viewed("anon:v", 3, MONDAY), viewed("ann", 1, MONDAY + DAY)
    changes = visitor.tell("contact_identified", MONDAY + 2 * DAY, into="ann")
    (transfer,) = (one for one in changes if one["record"] == "history_transferred")
    deliver(transfer, ann)
    points = lifecycle.describe(PLAN, ann.state)["score"]
    assert deliver({**transfer, "event_id": "again"}, ann) == []
    assert lifecycle.describe(PLAN, ann.state)["score"] == points


def test_an_event_that_both_have_counts_once() -> None:
    visitor, ann = viewed("anon:v", 2, MONDAY, prefix="x"), viewed("ann", 2, MONDAY, prefix="x")
    identify(visitor, ann, MONDAY + DAY)
    alone = viewed("ann", 2, MONDAY, prefix="x")
    alone.until(MONDAY + DAY)
    assert lifecycle.describe(PLAN, ann.state)["score"] == lifecycle.describe(PLAN, alone.state)["score"]


def test_two_identified_contacts_are_never_merged_by_themselves() -> None:
    bob = viewed("bob", 1, MONDAY)
    (refusal,) = bob.tell("contact_identified", MONDAY + 1, into="ann")
    assert refusal["record"] == "event_refused"
    assert "publish contacts_merged" in refusal["reason"]


def test_a_merge_makes_the_others_sales_stage_a_floor() -> None:
    bob, ann = Story(PLAN, "bob"), viewed("ann", 1, MONDAY)
    bob.tell("form_submitted", MONDAY)
    move, *_ = merge(bob, ann, MONDAY + DAY)
    assert (move["from"], move["to"], move["path"]) == (None, "sql", ["lead", "mql", "sql"])
    assert move["reason"] == "history of bob"


def test_a_merge_does_not_lift_to_a_stage_of_marketing() -> None:
    plan = PLAN
    bob, ann = Story(plan, "bob"), viewed("ann", 1, MONDAY)
    bob.tell("asset_download", MONDAY)
    ann.tell("form_submitted", MONDAY)
    changes = merge(bob, ann, MONDAY + DAY)
    assert [one for one in changes if one["record"] == "stage_changed"] == []
    assert ann.stage == "sql"


def test_undoing_a_merge_asks_to_fold_both_again() -> None:
    bob, ann = viewed("bob", 2, MONDAY), viewed("ann", 2, MONDAY)
    merge(bob, ann, MONDAY + DAY)
    passed, refold = bob.tell("merge_undone", MONDAY + 2 * DAY, into="ann", other="bob")
    assert (refold["record"], refold["contact_id"]) == ("refold_needed", "bob")
    (refold,) = deliver(passed, ann)
    assert (refold["record"], refold["contact_id"]) == ("refold_needed", "ann")
    told = bob.tell("page_view", MONDAY + 3 * DAY)  # counted here again, not passed on
    assert [one["record"] for one in told] == ["segment_changed"]


def test_who_stands_again_has_come_as_far_as_what_was_passed_on_meanwhile() -> None:
    late, both = MONDAY + 400 * DAY, {"into": "ann", "other": "bob"}
    steps: list[tuple[str, int, dict[str, str]]] = [
        ("page_view", MONDAY, {}), ("contacts_merged", MONDAY + DAY, both),
        ("page_view", late, {}), ("merge_undone", late, both),
    ]  # fmt: skip
    log = [
        event(type_, at, event_id=f"b{number}", contact_id="bob", position=number, **fields)
        for number, (type_, at, fields) in enumerate(steps)
    ]
    bob, apart = Story(PLAN, "bob"), Story(PLAN, "bob")
    for one in log:
        bob.apply(one)
    state, _changes = lifecycle.refold(PLAN, lifecycle.Log(lambda _: log), keep_moves_of=bob.state)
    apart.tell("page_view", MONDAY)
    apart.tell("page_view", late)
    known, expected = lifecycle.describe(PLAN, state), lifecycle.describe(PLAN, apart.state)
    assert (known["clock"], known["score"]) == (late, expected["score"])


def test_merging_in_a_circle_ends_with_the_contact_that_stays() -> None:
    ann, bob = viewed("ann", 1, MONDAY), viewed("bob", 1, MONDAY)
    merge(ann, bob, MONDAY + HOUR)
    changes = bob.tell("contacts_merged", MONDAY + 2 * HOUR, into="ann", other="bob")
    (transfer,) = (one for one in changes if one["record"] == "history_transferred")
    (passed,) = deliver(transfer, ann)
    told = deliver(passed, bob)
    assert told[0]["record"] == "refold_needed"
    assert lifecycle.describe(PLAN, bob.state)["forwarded_to"] is None
    assert lifecycle.describe(PLAN, ann.state)["forwarded_to"] == "bob"


def test_a_shared_device_is_followed_to_whom_it_identified_last() -> None:
    visitor = viewed("anon:v", 1, MONDAY)
    identify(visitor, Story(PLAN, "ann"), MONDAY + HOUR)
    assert visitor.tell("contact_identified", MONDAY + 2 * HOUR, into="bob") == []
    (passed,) = visitor.tell("page_view", MONDAY + 3 * HOUR)
    assert passed["contact_id"] == "bob"


def test_a_history_of_another_plan_shape_has_to_be_folded_again() -> None:
    other = Story(plan_of(stages("id: x, enter: {did: {what: view}}")), "anon:v")
    other.tell("page_view", MONDAY)
    changes = other.tell("contact_identified", MONDAY + 1, into="ann")
    (transfer,) = (one for one in changes if one["record"] == "history_transferred")
    refold, *_ = deliver(transfer, Story(PLAN, "ann"))
    assert refold["record"] == "refold_needed"


def test_an_erased_contact_leaves_a_tombstone_that_refuses_what_comes_later() -> None:
    ann = viewed("ann", 10, MONDAY)
    withdrawn, move, band = ann.tell("contact_erased", MONDAY + DAY)
    assert (withdrawn["action"], move["to"], move["reason"], band["to"]) == (
        "withdrawn",
        None,
        "erased",
        None,
    )
    assert move["why"]["first_touch"] is None
    assert move["why"]["score_parts"] == []
    (refusal,) = ann.tell("page_view", MONDAY + 2 * DAY)
    assert (refusal["record"], refusal["reason"]) == ("event_refused", "the contact was erased")
    assert lifecycle.describe(PLAN, ann.state)["refused"] == 1
    assert ann.until(MONDAY + 300 * DAY) == []


@pytest.mark.parametrize("word", [b"e0", b"google", b"products"])
def test_nothing_of_an_erased_contact_is_in_its_state(word: bytes) -> None:
    ann = Story(PLAN, "ann")
    ann.tell("page_view", MONDAY, event_id="e0-secret", source="google", url="/products/secret")
    assert word in ann.state or word == b"products"
    ann.tell("contact_erased", MONDAY + DAY, event_id="erase")
    assert word not in ann.state


def test_a_merged_contact_can_be_erased_too() -> None:
    bob, ann = viewed("bob", 1, MONDAY), viewed("ann", 1, MONDAY)
    merge(bob, ann, MONDAY + HOUR)
    assert [one["record"] for one in bob.changes] == [
        "segment_changed",
        "history_transferred",
        "segment_changed",
    ]
    (farewell,) = bob.tell("contact_erased", MONDAY + DAY)
    assert (farewell["record"], farewell["from"], farewell["to"]) == ("stage_changed", None, None)
    assert (farewell["cause"]["criterion"], farewell["reason"]) == ("contact_erased", "erased")
    assert farewell["why"]["summary"] == "Is no longer known (erased)."
    (refusal,) = bob.apply({**event("page_view", MONDAY + 2 * DAY, contact_id="bob"), "position": 99})
    assert refusal["record"] == "event_refused"


def test_a_contact_in_a_segment_alone_says_that_it_was_erased() -> None:
    ann = viewed("ann", 1, MONDAY)
    band, farewell = ann.tell("contact_erased", MONDAY + DAY)
    assert (band["record"], band["to"]) == ("segment_changed", None)
    assert (farewell["from"], farewell["to"], farewell["cause"]["criterion"]) == (
        None,
        None,
        "contact_erased",
    )


def test_an_erased_contact_that_nobody_was_told_of_is_erased_in_silence() -> None:
    ann = Story(PLAN, "ann")
    assert ann.tell("contact_erased", MONDAY) == []


def test_what_made_a_merged_contact_rise_is_told_alike_from_memory_and_from_bytes() -> None:
    plan = plan_of(
        "scores: {heat: {rules: [{id: view, per: view, points: 10}]}}\n"
        + stages(
            "id: lead, owner: marketing, enter: {did: {what: download}}",
            "id: mql, owner: marketing, enter: {any: [{score: {heat: {gte: 40}}}, {did: {what: form}}]}",
        )
    )
    visitor = Story(plan, "anon:v")
    for told in ("page_view", "page_view", "form_submitted"):
        visitor.tell(told)
    (transfer,) = (
        one
        for one in visitor.tell("contact_identified", into="ann")
        if one["record"] == "history_transferred"
    )
    said = []
    for read_anew in (True, False):
        ann = lifecycle.Contact()
        for number in range(2):
            told_to_ann = event("page_view", MONDAY, contact_id="ann", event_id=f"ann-{number}")
            lifecycle.fold(plan, ann, {**told_to_ann, "position": number})
        if read_anew:
            ann = lifecycle.load(plan, lifecycle.dump(plan, ann))
        said.append(lifecycle.fold(plan, ann, {**transfer, "position": 2}))
    assert said[0] == said[1]
    assert [one["path"] for one in said[0][0]["why"]["evidence"]] == [
        "stages.mql.enter.any[0]",
        "stages.mql.enter.any[1]",
    ]
