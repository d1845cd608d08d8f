import pytest

from processors import lifecycle
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, Story

PLAN = plan_of(
    stages(
        "id: one, enter: {did: {what: view}}",
        "id: two, enter: {did: {what: form}}, handoff: {to: sales, accept_within: 2h}",
        "id: three, enter: {did: {what: download}}",
    )
)
HAND = {"track": "main", "actor": "ann", "reason": "knows better"}


def at_one() -> Story:
    story = Story(PLAN)
    story.tell("page_view", MONDAY)
    return story


def test_a_pin_shows_the_stage_while_the_machines_own_goes_on_beside_it() -> None:
    story = at_one()
    (move,) = story.tell(
        "stage_overridden", MONDAY + 1, **HAND, stage="three", kind="pin", until=MONDAY + DAY
    )
    assert (move["from"], move["to"]) == ("one", "three")
    assert (move["cause"]["criterion"], move["reason"]) == ("override.pin", "knows better (ann)")
    assert story.tell("form_submitted", MONDAY + 2) == []
    assert lifecycle.describe(PLAN, story.state)["tracks"]["main"]["own_stage"] == "two"


def test_when_the_pin_ends_the_machines_own_stage_shows() -> None:
    story = at_one()
    story.tell("stage_overridden", MONDAY + 1, **HAND, stage="three", kind="pin", until=MONDAY + DAY)
    story.tell("form_submitted", MONDAY + 2)
    move, offer = story.until(MONDAY + 2 * DAY)
    assert (move["from"], move["to"], move["at"]) == ("three", "two", MONDAY + DAY)
    assert (move["reason"], offer["action"], offer["at"]) == ("the override ended", "offered", MONDAY + DAY)


@pytest.mark.parametrize(
    ("kind", "stage", "shown"),
    [("floor", "two", "two"), ("floor", "one", "one"), ("ceiling", "two", "one"), ("pin", "three", "three")],
)
def test_floors_lift_and_ceilings_do_not(kind: str, stage: str, shown: str) -> None:
    story = at_one()
    story.tell("stage_overridden", MONDAY + 1, **HAND, stage=stage, kind=kind, until=None)
    assert story.stage == shown


def test_above_a_floor_the_machines_own_stage_shows_with_its_reasons() -> None:
    story = at_one()
    story.tell("stage_overridden", MONDAY + 1, **HAND, stage="two", kind="floor", until=None)
    move, withdrawn = story.tell("asset_download", MONDAY + HOUR)
    assert (move["from"], move["to"]) == ("two", "three")
    assert move["why"]["evidence"][0]["met"]
    assert withdrawn["action"] == "withdrawn"


def test_a_ceiling_holds_back_what_is_earned() -> None:
    story = at_one()
    story.tell("stage_overridden", MONDAY + 1, **HAND, stage="one", kind="ceiling", until=None)
    assert story.tell("asset_download", MONDAY + 2) == []
    (move,) = story.tell("stage_overridden", MONDAY + 3, **HAND, stage=None, kind="ceiling", until=None)
    assert move["to"] == "three"


def test_a_stage_set_by_hand_is_handed_over_like_any_other() -> None:
    story = at_one()
    _, offer = story.tell("stage_overridden", MONDAY + 1, **HAND, stage="two", kind="pin", until=None)
    assert offer["action"] == "offered"


def test_of_two_overrides_the_newer_by_time_holds() -> None:
    story = at_one()
    story.tell("stage_overridden", MONDAY + DAY, **HAND, stage="three", kind="pin", until=None)
    assert story.tell("stage_overridden", MONDAY + HOUR, **HAND, stage="two", kind="pin", until=None) == []
    assert story.stage == "three"


@pytest.mark.parametrize(
    ("track", "stage", "reason"),
    [("main", "four", "track main has no stage four"), ("side", "one", "no track is called side")],
)
def test_a_stage_that_does_not_exist_is_refused(track: str, stage: str, reason: str) -> None:
    story = at_one()
    told = {**HAND, "track": track, "stage": stage, "kind": "pin", "until": None}
    (refusal,) = story.tell("stage_overridden", MONDAY + 1, **told)
    assert (refusal["record"], refusal["reason"]) == ("event_refused", reason)


def test_a_stage_entered_by_hand_opens_the_way_that_asks_for_it_at_once() -> None:
    asks = "id: fan, enter: {all: [{reached: two}, {did: {what: view}}]}"
    ladder = ("id: one, enter: {did: {what: view}}", "id: two, enter: {did: {what: form}}", asks)
    story = Story(plan_of(stages(*ladder)))
    story.tell("page_view", MONDAY)
    floor = {**HAND, "stage": "two", "kind": "floor", "until": None}
    by_hand, earned = story.tell("stage_overridden", MONDAY + 1, **floor)
    assert (by_hand["from"], by_hand["to"], by_hand["cause"]["criterion"]) == ("one", "two", "override.floor")
    assert (earned["from"], earned["to"], earned["cause"]["criterion"]) == ("two", "fan", "stages.fan.enter")
    assert earned["cause"]["event_id"] == by_hand["cause"]["event_id"]
