"""Companies of the inveniv preset: as far as their furthest active contact, never below what deals say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from processors import lifecycle
from processors.lifecycle_files import load_lifecycle
from tests.builders import both
from tests.builders.accounts import PRODUCT, Accounts
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, Story

INVENIV = load_lifecycle("inveniv")


@pytest.fixture
def accounts() -> Accounts:
    return Accounts(INVENIV)


def moves(accounts: Accounts, company_id: str = "acme") -> list[tuple[str | None, str | None, str]]:
    """From, to and who decided, of each move of a company."""
    told = [one for one in accounts.told if one["company_id"] == company_id]
    assert [one["sequence"] for one in told] == list(range(1, len(told) + 1))
    return [(one["from"], one["to"], one["contact_id"]) for one in told]


def deal(accounts: Accounts, contact_id: str, stage: str, amount: int | None = 9_000) -> None:
    exact = None if amount is None else Decimal(amount)
    accounts.tell(contact_id, "deal_changed", deal="d1", stage=stage, amount=exact, currency="EUR")


def test_a_company_is_as_far_as_its_furthest_contact(accounts: Accounts) -> None:
    accounts.lead("ann")
    accounts.lead("bob")
    accounts.tell("bob", "demo_requested")
    accounts.tell("ann", "form_submitted", form="contact")
    assert moves(accounts) == [(None, "lead", "ann"), ("lead", "mql", "bob")]
    lead, mql = accounts.told
    assert (lead["at"], lead["since"], lead["contacts"], lead["members"]) == (MONDAY + 2 * HOUR, None, 1, 1)
    assert (mql["at"], mql["since"], mql["contacts"], mql["members"]) == (
        MONDAY + 3 * HOUR,
        MONDAY + 2 * HOUR,
        1,
        2,
    )


def test_whose_company_is_not_known_is_of_none(accounts: Accounts) -> None:
    accounts.lead("ann", None)
    assert (accounts.told, accounts.rows) == ([], {})


def test_a_company_falls_when_its_furthest_contact_goes_to_lost(accounts: Accounts) -> None:
    accounts.lead("ann")
    accounts.lead("bob")
    deal(accounts, "bob", "proposal")
    assert accounts.stage() == "opportunity"
    deal(accounts, "bob", "closed_lost")
    assert accounts.stories["bob"].stage == "closed_lost"
    assert moves(accounts) == [
        (None, "lead", "ann"),
        ("lead", "opportunity", "bob"),
        ("opportunity", "lead", "bob"),
    ]


def test_a_company_all_of_whose_contacts_are_in_detours_is_in_no_stage(accounts: Accounts) -> None:
    accounts.lead("ann")
    accounts.take(accounts.stories["ann"].wait(90 * DAY))
    assert accounts.stories["ann"].stage == "dormant"
    assert accounts.told[-1]["to"] is None
    assert accounts.companies["acme"].members == 1


def test_who_names_another_company_moves_there(accounts: Accounts) -> None:
    accounts.lead("ann")
    accounts.tell("ann", "demo_requested", company_id="globex")
    assert (accounts.stage("acme"), accounts.stage("globex")) == (None, "mql")
    assert (accounts.companies["acme"].members, accounts.companies["globex"].members) == (0, 1)
    left, joined = (
        one
        for one in accounts.stories["ann"].changes
        if one["record"] == "membership_changed" and one["sequence"] > 1 and one["stage"] != "lead"
    )
    assert (left["company_id"], left["left"], left["stage"]) == ("acme", True, None)
    assert (joined["company_id"], joined["left"], joined["sequence"]) == (
        "globex",
        False,
        left["sequence"] + 1,
    )


def test_a_late_event_names_no_newer_company(accounts: Accounts) -> None:
    accounts.lead("ann")
    accounts.tell("ann", "email_clicked", -30 * DAY, company_id="globex")
    assert set(accounts.companies) == {"acme"}


def test_of_two_events_at_one_time_the_later_id_names_the_company() -> None:
    for first, second in (("a", "b"), ("b", "a")):
        story = Story(INVENIV, f"ann-{first}")
        for id_ in (first, second):
            story.tell("page_view", MONDAY, event_id=id_, company_id=f"company-{id_}", url=PRODUCT)
        facts = lifecycle.describe(INVENIV, story.state)["company"]
        assert facts["company_id"] == "company-b"


def test_a_deal_that_is_open_or_won_is_a_floor(accounts: Accounts) -> None:
    accounts.lead("ann")
    accounts.tell("ann", "deal_changed", deal="d1", stage="closed_won", amount=Decimal(5), currency="EUR")
    accounts.tell("bob", "page_view", url=PRODUCT, company_id="acme")
    accounts.tell(
        "bob", "stage_overridden", stage="lead", kind="pin", until=None, actor="sam", reason="a friend"
    )
    deal(accounts, "bob", "proposal")
    assert accounts.stories["bob"].stage == "lead"
    assert accounts.stage() == "customer"
    accounts.tell("ann", "contact_erased")
    assert (accounts.stage(), accounts.told[-1]["by_deals"]) == ("opportunity", True)
    deal(accounts, "bob", "closed_lost")
    assert (accounts.stage(), accounts.told[-1]["by_deals"]) == ("lead", False)


def test_an_open_deal_without_the_amount_that_the_stage_asks_for_is_none(accounts: Accounts) -> None:
    accounts.lead("ann")
    deal(accounts, "ann", "proposal", amount=None)
    assert accounts.stage() == "lead"
    assert lifecycle.describe(INVENIV, accounts.stories["ann"].state)["company"]["deals"] == "open"


def test_a_stage_held_by_hand_is_the_one_that_counts(accounts: Accounts) -> None:
    accounts.lead("ann")
    until = accounts.stories["ann"].now + 3 * DAY
    accounts.tell(
        "ann", "stage_overridden", stage="sql", kind="pin", until=until, actor="sam", reason="met at a fair"
    )
    assert accounts.stage() == "sql"
    accounts.take(accounts.stories["ann"].until(until))
    assert (accounts.stage(), accounts.told[-1]["at"], accounts.told[-1]["event_id"]) == ("lead", until, None)


def test_who_is_erased_is_of_no_company(accounts: Accounts) -> None:
    accounts.lead("ann")
    accounts.tell("ann", "contact_erased")
    assert (accounts.stage(), accounts.rows) == (None, {})
    accounts.tell("ann", "demo_requested", company_id="acme")
    assert accounts.rows == {}
    assert b"acme" not in accounts.stories["ann"].state


def test_who_is_part_of_another_contact_is_of_no_company_and_the_other_is_of_the_newest(
    accounts: Accounts,
) -> None:
    accounts.lead("ann", "globex")
    accounts.lead("bob")
    accounts.tell("bob", "demo_requested", 5 * HOUR, company_id="acme")
    changes = accounts.stories["bob"].tell("contacts_merged", into="ann", other="bob")
    accounts.take(changes)
    assert accounts.rows.keys() == {("globex", "ann")}
    (transfer,) = (one for one in changes if one["record"] == "history_transferred")
    ann = accounts.stories["ann"]
    ann.position += 1
    accounts.take(ann.apply({**transfer, "position": ann.position}))
    assert accounts.rows.keys() == {("acme", "ann")}
    assert (accounts.stage("acme"), accounts.stage("globex")) == ("mql", None)


def test_a_company_named_by_mistake_is_asked_for_in_the_history(accounts: Accounts) -> None:
    accounts.lead("ann")
    told = accounts.stories["ann"].tell("demo_requested", event_id="odd", company_id="globex")
    accounts.take(told)
    changes = accounts.stories["ann"].tell("engagement_voided", voids="odd", reason="a test")
    assert [one["record"] for one in changes] == ["refold_needed"]


FILE = stages(
    "id: lead, owner: marketing, enter: {did: {what: view}}, leave: [{goto: asleep, after: 9d}]",
    "id: customer, enter: {all: [{deal: won}, {did: {what: view}}]}",
    "id: asleep, detour: true",
)


def test_all_contacts_may_count_and_a_detour_lies_below_the_ladder() -> None:
    accounts = Accounts(plan_of(FILE + "company: {stage: {max_of: contacts}}\n"))
    accounts.tell("ann", "page_view", company_id="acme")
    accounts.tell("bob", "page_view", company_id="acme")
    accounts.take(accounts.stories["ann"].wait(9 * DAY))
    assert accounts.stage() == "lead"
    accounts.take(accounts.stories["bob"].wait(9 * DAY))
    assert accounts.stage() == "asleep"


def test_without_companies_nothing_is_kept_or_told() -> None:
    plan = plan_of(FILE)
    story = Story(plan)
    assert [one["record"] for one in story.tell("page_view", company_id="acme")] == ["stage_changed"]
    assert b"acme" not in story.state
    assert "company" not in lifecycle.describe(plan, story.state)


def test_what_was_applied_before_changes_nothing(accounts: Accounts) -> None:
    accounts.lead("ann")
    before = accounts.companies["acme"].members, accounts.stage()
    accounts.take(accounts.stories["ann"].changes)
    assert (accounts.companies["acme"].members, accounts.stage()) == before


def test_a_definition_that_brings_companies_tells_them_and_one_without_takes_everybody_out() -> None:
    without, with_ = plan_of(FILE), plan_of(FILE + "company: {stage: {max_of: contacts}}\n")
    story, other = Story(without), Story(with_)
    for one in (story, other):
        one.tell("page_view", company_id="acme")
    barrier = lifecycle.Barrier(position=5, at=story.now + HOUR, in_place=False)
    state, changes = both.switch(without, story.state, with_, other.state, barrier)
    assert [(one["company_id"], one["sequence"], one["left"]) for one in changes] == [("acme", 1, False)]
    later = lifecycle.Barrier(position=6, at=story.now + 2 * HOUR, in_place=False)
    state, changes = both.switch(with_, state, without, story.state, later)
    (left,) = changes
    assert (left["sequence"], left["left"], left["plan_hash"]) == (2, True, without.plan_hash)
    last = lifecycle.Barrier(position=7, at=story.now + 3 * HOUR, in_place=False)
    _state, changes = both.switch(without, state, with_, other.state, last)
    assert [(one["sequence"], one["left"]) for one in changes] == [(3, False)]
