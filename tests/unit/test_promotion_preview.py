"""What a promotion that is tried says, without a broker."""

from __future__ import annotations

from processors.lifecycle_files import load_lifecycle
from processors.promotion.preview import Preview
from tests.builders.story import Story


def test_stages_stand_in_the_order_of_their_ladder_whoever_is_met_first() -> None:
    plan, preview = load_lifecycle("clarity"), Preview()
    bought, came = Story(plan), Story(plan)
    bought.tell("deal_changed", deal="d", stage="closed_won")
    came.tell("page_view", url="/")
    for story in (bought, came):
        preview.add((plan, story.state), (plan, story.state), ())
    assert list(preview.as_json()["stages"]) == ["lead", "customer"]


def test_who_is_part_of_another_contact_is_counted_in_it_alone() -> None:
    plan, preview = load_lifecycle("clarity"), Preview()
    visitor = Story(plan, "anon:v")
    visitor.tell("page_view", url="/")
    visitor.tell("contact_identified", anonymous_id="v", into="c1")
    for story in (visitor, Story(plan)):
        story.tell("page_view", url="/")
        preview.add((plan, story.state), (plan, story.state), ())
    told = preview.as_json()
    assert (told["contacts"], told["stages"]) == (1, {"lead": {"from": 1, "to": 1}})
