"""What a reset takes away, and what counts afterwards."""

from processors import lifecycle
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import HOUR, MONDAY, Story

RECYCLE = plan_of(
    "scores:\n  heat: {rules: [{id: view, per: view, points: 10}]}\n"
    "  other: {rules: [{id: form, per: form, points: 5}]}\n"
    + stages(
        "id: lead, enter: {did: {what: view}}",
        "id: mql, enter: {did: {what: view, at_least: 3}},"
        " leave: [{goto: lead, when: {did: {what: form, since: stage_entry}}, reset: [heat, counts]}]",
    )
)


def recycled() -> Story:
    story = Story(RECYCLE)
    for minute in range(3):
        story.tell("page_view", MONDAY + minute)
    story.tell("form_submitted", MONDAY + HOUR)
    return story


def test_a_reset_says_what_no_longer_counts_and_begins_a_cycle() -> None:
    story = recycled()
    told = lifecycle.describe(RECYCLE, story.state)
    assert (story.stage, told["tracks"]["main"]["cycle"]) == ("lead", 1)
    assert told["score"] == {"heat": 0, "other": 5_000, "total": 5_000}
    assert told["tracks"]["main"]["entries"]["mql"] == {"first": MONDAY + 2, "latest": MONDAY + 2}


def test_late_events_older_than_the_reset_do_not_count() -> None:
    story = recycled()
    for minute in range(3, 6):
        story.tell("page_view", MONDAY + minute)
    assert story.stage == "lead"
    assert lifecycle.describe(RECYCLE, story.state)["score"]["heat"] == 0


def test_events_after_the_reset_lead_up_again() -> None:
    story = recycled()
    for minute in range(3):
        story.tell("page_view", MONDAY + HOUR + minute)  # the first in the very millisecond of the reset
    assert story.stage == "mql"
    assert story.stage_changes[-1]["cycle"] == 1
