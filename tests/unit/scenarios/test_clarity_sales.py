"""From MQL to SAL, SQL, opportunity and customer; and PQL beside them."""

from itertools import combinations

import pytest

from tests.builders.clarity import (
    PLAN,
    TOPICS,
    answer,
    customer,
    deal,
    lead,
    mql,
    opportunity,
    sal,
    sql,
    visit,
)
from tests.builders.story import DAY, HOUR, MINUTE, WEEK, Story, ms


def last_move(story: Story) -> tuple[str | None, str | None, list[str]]:
    move = story.stage_changes[-1]
    return move["from"], move["to"], move["path"]


def owner(story: Story) -> str:
    name: str = story.stage_changes[-1]["owner"]
    return name


@pytest.mark.parametrize(("type_", "way"), [("demo_requested", 0), ("outreach_replied", 1)])
def test_a_demo_request_or_a_reply_to_sales_makes_a_sal(type_: str, way: int) -> None:
    story = mql()
    story.tell(type_)
    move = story.stage_changes[-1]
    assert (move["to"], move["path"], move["owner"]) == ("sal", ["sal"], "sales")
    assert move["cause"]["criterion"] == f"criteria.interested_in_buying.any[{way}]"


def test_a_lead_that_asks_for_a_demo_is_a_sal_by_way_of_mql() -> None:
    story = lead()
    story.tell("demo_requested")
    assert last_move(story) == ("lead", "sal", ["mql", "sal"])


def test_no_interest_in_content_makes_a_sal() -> None:
    story = mql()
    for week in range(10):
        visit(story, story.now + WEEK, "/pricing")
        story.tell("asset_download", asset=f"e-book {week}", gated=True)
        story.tell("form_submitted", form="contact-sales")
        story.tell("webinar_attended", webinar=f"w{week}")
    assert story.stage == "mql"


def test_sales_is_asked_when_somebody_becomes_a_sal() -> None:
    story = sal()
    (offered,) = story.handoffs
    assert (offered["action"], offered["to"], offered["accept_by"]) == (
        "offered",
        "sales",
        story.now + 4 * HOUR,
    )


def test_nobody_answers_reminded_escalated_reassigned() -> None:
    story = sal()
    start = story.now
    story.wait(3 * DAY)
    assert [(one["action"], one["at"] - start) for one in story.handoffs] == [
        ("offered", 0),
        ("reminded", 2 * HOUR),
        ("escalated", 4 * HOUR),
        ("reassigned", 8 * HOUR),
    ]
    assert story.stage == "sal"


def test_deadlines_stand_still_over_night() -> None:
    story = Story(PLAN)
    story.tell("demo_requested", ms("2026-03-03T15:30Z"))
    assert story.handoffs[0]["accept_by"] == ms("2026-03-04T11:30Z")


def test_accepting_makes_no_sql_by_itself() -> None:
    story = sal()
    story.tell("handoff_accepted")
    assert (story.stage, story.handoffs[-1]["action"]) == ("sal", "accepted")


@pytest.mark.parametrize("topics", list(combinations(TOPICS, 3)))
def test_three_answers_make_no_sql(topics: tuple[str, ...]) -> None:
    story = sal()
    answer(story, *topics)
    assert story.stage == "sal"


def test_one_answer_given_four_times_is_one() -> None:
    story = sal()
    answer(story, "need", "need", "need", "need", "need")
    assert story.stage == "sal"


def test_all_four_answers_make_an_sql() -> None:
    story = sal()
    answer(story, *TOPICS)
    assert last_move(story) == ("sal", "sql", ["sql"])
    assert story.stage_changes[-1]["cause"]["criterion"] == "criteria.fully_qualified"


def test_a_late_answer_is_the_fourth() -> None:
    story = sal()
    answer(story, *TOPICS[:3])
    story.wait(DAY)
    story.tell("qualified_answer", story.now - HOUR, topic="timeline")
    assert (story.stage, story.stage_changes[-1]["late"]) == ("sql", True)


def test_four_answers_make_an_sql_of_a_lead_by_way_of_the_stages_between() -> None:
    story = lead()
    answer(story, *TOPICS)
    assert last_move(story) == ("lead", "sql", ["mql", "sal", "sql"])


def test_becoming_sql_withdraws_what_sales_never_answered() -> None:
    assert [one["action"] for one in sql().handoffs] == ["offered", "withdrawn"]


def test_an_open_deal_makes_an_opportunity() -> None:
    story = sql()
    deal(story, "proposal")
    assert last_move(story) == ("sql", "opportunity", ["opportunity"])
    assert owner(story) == "sales"


def test_a_lost_deal_never_heard_of_before_makes_no_opportunity() -> None:
    story = sql()
    deal(story, "closed_lost")
    assert story.stage == "sql"


def test_a_deal_that_is_won_makes_a_customer() -> None:
    story = opportunity()
    deal(story, "closed_won")
    assert last_move(story) == ("opportunity", "customer", ["customer"])
    assert owner(story) == "success"


def test_a_deal_won_out_of_the_blue_makes_a_customer_by_way_of_every_stage() -> None:
    story = Story(PLAN)
    deal(story, "closed_won")
    assert last_move(story) == (None, "customer", ["lead", "mql", "sal", "sql", "opportunity", "customer"])


def test_the_same_deal_open_and_won_in_any_order_makes_a_customer() -> None:
    story = sql()
    start = story.now
    deal(story, "closed_won", at=start + HOUR)
    deal(story, "proposal", at=start)
    assert story.stage == "customer"


def test_one_deal_won_is_enough_though_another_is_lost() -> None:
    story = opportunity()
    deal(story, "proposal", "B")
    deal(story, "closed_lost", "A")
    deal(story, "closed_won", "B")
    assert story.stage == "customer"


def test_a_customer_stays_whatever_happens() -> None:
    story = customer()
    deal(story, "proposal", "B")
    deal(story, "closed_lost", "B")
    story.tell("demo_requested")
    story.wait(1_000 * DAY)
    assert story.stage == "customer"


def test_every_stage_is_walked_once_and_told_in_a_chain() -> None:
    stages = ["lead", "mql", "sal", "sql", "opportunity", "customer"]
    moves = [(one["from"], one["to"]) for one in customer().stage_changes]
    assert moves == list(zip([None, *stages], stages, strict=False))


def test_a_trial_that_is_used_makes_a_pql() -> None:
    story = Story(PLAN)
    story.tell("trial_signup")
    assert story.stage_of("product") is None
    story.tell("product_used")
    assert (story.stage_of("product"), story.stage) == ("pql", "lead")


def test_a_specialised_demo_and_use_make_a_pql() -> None:
    story = Story(PLAN)
    story.tell("demo_requested", kind="specialised")
    assert story.stage_of("product") is None
    story.tell("product_used")
    assert (story.stage_of("product"), story.stage) == ("pql", "sal")


@pytest.mark.parametrize("kind", ["general", None])
def test_any_other_demo_and_use_make_no_pql(kind: str | None) -> None:
    story = Story(PLAN)
    story.tell("demo_requested", kind=kind)
    story.tell("product_used")
    assert story.stage_of("product") is None


def test_use_without_a_trial_makes_no_pql_until_there_is_one() -> None:
    story = Story(PLAN)
    story.tell("product_used")
    assert story.stage_of("product") is None
    story.tell("trial_signup", story.now + MINUTE)
    assert story.stage_of("product") == "pql"


def test_a_late_sign_up_makes_the_pql_that_it_would_have_made() -> None:
    story = Story(PLAN)
    story.tell("product_used")
    story.tell("trial_signup", story.now - DAY)
    assert (story.stage_of("product"), story.stage_changes[-1]["late"]) == ("pql", True)


def test_a_pql_is_handed_to_sales_with_a_day_to_answer() -> None:
    story = Story(PLAN)
    story.tell("trial_signup")
    story.tell("product_used")
    (offered,) = story.handoffs
    assert (offered["stage"], offered["to"], offered["accept_by"]) == ("pql", "sales", story.now + 8 * HOUR)
    assert [one["action"] for one in story.wait(8 * HOUR) if "action" in one] == ["escalated"]


def test_the_hand_offs_of_both_tracks_are_answered_one_by_one() -> None:
    story = sal()
    story.tell("trial_signup")
    story.tell("product_used")
    first, second = story.handoffs
    story.tell("handoff_accepted", handoff=second["handoff"])
    story.tell("handoff_rejected", handoff=first["handoff"], reason="not now")
    assert (story.stage, story.stage_of("product")) == ("lead", "pql")


def test_a_pql_stays_one_when_the_lead_goes_quiet() -> None:
    story = Story(PLAN)
    story.tell("trial_signup")
    story.tell("product_used")
    story.wait(200 * DAY)
    assert (story.stage, story.stage_of("product")) == ("dormant", "pql")
