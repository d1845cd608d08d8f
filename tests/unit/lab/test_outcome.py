"""Each figure against one computed by hand."""

import pytest

from processors.lab.outcome import Calls, Span, Wins, outcome
from processors.lifecycle_files import compile_lifecycle
from tests.builders.lab import FILE, win
from tests.builders.story import DAY, MONDAY, event

PLAN = compile_lifecycle("small.yaml", FILE.encode())
SPAN = Span(first=MONDAY, end=MONDAY + 60 * DAY, horizon=30 * DAY)


def same(contact_id: str) -> str:
    return contact_id


def offered(contact: str, day: float, stage: str = "mql", action: str = "offered") -> dict[str, object]:
    at = MONDAY + int(day * DAY)
    return {"record": "mql_handoff", "action": action, "stage": stage, "contact_id": contact, "at": at}


def judged(offers: list[dict[str, object]], wins: dict[str, list[float]], **figures: object) -> None:
    calls = Calls(plan=PLAN, stage="mql")
    for change in offers:
        calls.note(change)
    won = {contact: [MONDAY + int(day * DAY) for day in days] for contact, days in wins.items()}
    found = outcome(calls, won, SPAN, same)
    assert {name: found[name] for name in figures} == figures


def test_without_hand_offs_and_wins_there_is_nothing_to_compute() -> None:
    judged([], {}, mqls=0, mqls_per_day=0, precision=None, recall=None, lead_days_median=None, handoffs=0)


def test_the_days_of_the_log_are_calendar_days_with_both_ends() -> None:
    judged([offered("a", 0), offered("a", 1)], {}, mqls=2, mqls_per_day=2 / 61,
           by_day={"2026-03-02": 1, "2026-03-03": 1})  # fmt: skip


def test_a_win_counts_up_to_the_horizon_and_not_at_the_very_moment() -> None:
    judged([offered("a", 1)], {"a": [31]}, won=1, precision=1.0)
    judged([offered("a", 1)], {"a": [31.001]}, won=0, precision=0.0)
    judged([offered("a", 1)], {"a": [1]}, won=0, precision=0.0, recall=0.0, lead_days_median=None)


def test_a_later_win_makes_a_second_hand_off_right() -> None:
    judged([offered("a", 1), offered("a", 20)], {"a": [5, 25]}, judged=2, won=2, recall=1.0)


def test_what_is_too_young_is_not_judged_won_or_not() -> None:
    judged([offered("a", 30), offered("b", 30.001)], {"b": [40]}, judged=1, won=0, recall=1.0)


def test_recall_and_lead_time_are_of_the_first_win_from_the_first_hand_off() -> None:
    offers = [offered("a", 2), offered("a", 10), offered("b", 9), offered("c", 1)]
    judged(offers, {"a": [12, 50], "b": [8, 40], "c": [5]}, won_contacts=3, foreseen=2, recall=2 / 3,
           lead_days_median=7.0, lead_days_p90=9.4)  # 10 and 4 days: 4 + 0.9 of 6  # fmt: skip


def test_only_offers_of_the_stage_are_mqls_and_all_offers_are_hand_offs() -> None:
    offers = [offered("a", 0), offered("a", 0, action="reminded"), offered("a", 1, stage="sql")]
    judged(offers, {}, mqls=1, handoffs=2)


def test_of_a_stage_without_a_hand_off_the_entries_count() -> None:
    calls = Calls(plan=PLAN, stage="customer")
    calls.note({"record": "stage_changed", "to": "customer", "contact_id": "a", "at": MONDAY})
    calls.note({"record": "stage_changed", "to": "mql", "contact_id": "a", "at": MONDAY})
    assert calls.times == [("a", MONDAY)]


@pytest.fixture
def wins() -> Wins:
    wins = Wins()
    for row in (win("a", 3), win("a", 1), win("a", 5, "other"), win("b", 2)):
        wins.note(event(row.pop("type"), row.pop("occurred_at"), **row))
    return wins


def test_a_deal_is_won_once_at_its_earliest(wins: Wins) -> None:
    assert wins.by_contact(same) == {"a": [MONDAY + DAY, MONDAY + 5 * DAY], "b": [MONDAY + 2 * DAY]}


def test_a_voided_win_is_none(wins: Wins) -> None:
    wins.note(event("engagement_voided", MONDAY, voids="a-d-1"))
    wins.note(event("deal_changed", MONDAY, stage="closed_lost", deal="x", contact_id="b"))
    assert wins.by_contact(same)["a"] == [MONDAY + 3 * DAY, MONDAY + 5 * DAY]


def test_wins_go_to_the_contact_that_theirs_became_part_of(wins: Wins) -> None:
    found = wins.by_contact(lambda contact_id: "a" if contact_id == "b" else contact_id)
    assert found == {"a": [MONDAY + DAY, MONDAY + 5 * DAY]}  # deal `d` is one and the same
