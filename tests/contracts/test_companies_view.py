"""The view of companies on a real Redis: in whatever order and number its two topics are delivered."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processors.cli.main import main
from processors.cli.projector import ladder
from processors.lifecycle_files import load_lifecycle
from projections.store import connect, show
from projections.views.companies import read_companies, read_companies_near, read_company
from projections.views.funnel import define
from schemas.codec import decode_trusted, encode
from tests.builders.accounts import Accounts
from tests.builders.story import DAY
from tests.builders.views import deliver, dump

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from projections.commands import Command
    from projections.store import View

    Change = dict[str, Any]

PLAN = load_lifecycle("inveniv")


def story(*, erased: bool = True) -> Accounts:
    """Two companies and four contacts, one of whom changes sides; one is lost, and one erased in the end."""
    accounts = Accounts(PLAN)
    for contact, company in (("ann", "acme"), ("bob", "acme"), ("cyd", "globex"), ("dan", "acme")):
        accounts.lead(contact, company)
    accounts.tell("bob", "demo_requested")
    accounts.tell("dan", "demo_requested", 9 * DAY, company_id="globex")
    accounts.take(accounts.stories["ann"].wait(90 * DAY))
    if erased:
        accounts.tell("bob", "contact_erased")
    return accounts


def streams(accounts: Accounts) -> list[list[Change]]:
    """What is delivered in order: each contact's outputs by record, and each company's."""
    records = ("stage_changed", "segment_changed", "membership_changed")
    of_contacts = [
        [one for one in story.changes if one["record"] == record]
        for story in accounts.stories.values()
        for record in records
    ]
    of_companies = [
        [one for one in accounts.told if one["company_id"] == name] for name in accounts.companies
    ]
    return [[decode_trusted(encode(one)) for one in stream] for stream in (*of_contacts, *of_companies)]


def test_where_companies_are_who_is_furthest_and_what_they_went_through(view: View) -> None:
    accounts = story(erased=False)
    view.ask(define(ladder(PLAN)))
    for stream in streams(accounts):
        deliver(view, stream)
    found = read_companies(view.ask, 5)
    assert {one["stage"]: one["now"] for one in found["stages"] if one["now"]} == {"mql": 2}
    assert (found["companies"], found["staged"]) == (2, 2)
    assert [one["stage"] for one in found["stages"]][:3] == ["subscriber", "lead", "mql"]
    acme = read_company(view.ask, "acme")
    assert acme is not None
    assert (acme["stage"], acme["decided_by"], acme["contacts"]) == ("mql", "bob", 2)
    assert [(one["contact_id"], one["stage"], one["active"]) for one in acme["furthest"]] == [
        ("bob", "mql", True),
        ("ann", "dormant", False),
    ]
    assert [(one["from"], one["to"]) for one in acme["moves"]] == [("lead", "mql"), (None, "lead")]
    assert acme["since"] == acme["moves"][0]["at"]
    assert {one["company_id"]: one["since"] for one in found["stages"][2]["newest"]}["acme"] == acme["since"]
    assert read_companies_near(view.ask, "ac") == ["acme"]
    assert read_company(view.ask, "nobody") is None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_view_is_the_same_in_whatever_order_and_number_changes_come(
    data: st.DataObject, new_view: Callable[[], View], redis_url: str
) -> None:
    told = streams(story())
    once, again = new_view(), new_view()
    for stream in told:
        deliver(once, stream)
    queues = [list(stream) for stream in told if stream]
    while queues:
        queue = data.draw(st.sampled_from(queues))
        batch = [queue.pop(0) for _ in range(min(len(queue), data.draw(st.integers(1, 3))))]
        for _ in range(data.draw(st.integers(1, 2))):
            deliver(again, batch)
        queues = [queue for queue in queues if queue]
    assert dump(redis_url, again) == dump(redis_url, once)
    acme = read_company(again.ask, "acme")
    assert acme is not None
    assert (acme["stage"], acme["decided_by"], [one["contact_id"] for one in acme["furthest"]]) == (
        None,
        None,
        ["ann"],
    )
    assert "bob" not in json.dumps(dump(redis_url, again))


def test_who_leaves_while_its_company_is_read_is_not_shown(view: View) -> None:
    accounts = story(erased=False)
    for stream in streams(accounts):
        deliver(view, stream)
    accounts.tell("bob", "demo_requested", company_id="globex")
    (moves,) = (
        one
        for one in streams(accounts)
        if one[0]["record"] == "membership_changed" and one[0]["contact_id"] == "bob"
    )

    def ask(*commands: Command) -> list[Any]:
        """Let bob go as soon as he was listed."""
        answers = view.ask(*commands)
        deliver(view, moves)
        return answers

    acme = read_company(ask, "acme")
    assert acme is not None
    assert [one["contact_id"] for one in acme["furthest"]] == ["ann"]


def test_a_company_is_held_by_deals_alone_until_somebody_stands_there(view: View) -> None:
    accounts = Accounts(PLAN)
    won: Change = {"deal": "d1", "stage": "closed_won", "amount": Decimal(5), "currency": "EUR"}
    pinned: Change = {"stage": "lead", "kind": "pin", "until": None, "actor": "sam", "reason": "a friend"}
    accounts.lead("zoe")
    accounts.tell("zoe", "stage_overridden", **pinned)
    for contact in ("zoe", "ann"):
        accounts.tell(contact, "deal_changed", company_id="acme", **won)
        for stream in streams(accounts):
            deliver(view, stream)
        acme = read_company(view.ask, "acme")
        assert acme is not None
        assert (acme["stage"], acme["by_deals"]) == ("customer", contact == "zoe")
        assert acme["furthest"][0]["contact_id"] == contact  # who stands there comes first


def test_a_contact_without_a_stage_leaves_when_it_is_erased(view: View, redis_url: str) -> None:
    accounts = Accounts(PLAN)
    accounts.tell("eve", "page_view", company_id="acme")
    accounts.tell("eve", "contact_erased")
    for stream in streams(accounts):
        deliver(view, stream)
    assert "eve" not in json.dumps(dump(redis_url, view))


def test_the_commands_show_companies(
    new_view: Callable[[], View], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = new_view()
    view.ask(define(ladder(PLAN)))
    for stream in streams(story(erased=False)):
        deliver(view, stream)
    show(connect(redis_url), view.name)
    monkeypatch.setenv("REDIS_URL", redis_url)
    run = CliRunner().invoke
    all_of_them = run(main, ["companies"])
    assert all_of_them.exit_code == 0, all_of_them.output
    assert "2 of 2 companies have a stage." in all_of_them.output
    assert json.loads(run(main, ["companies", "--json"]).output)["staged"] == 2
    one = run(main, ["company", "acme"]).output
    assert "acme  mql  since " in one
    assert "lead → mql  bob" in one
    unknown = run(main, ["company", "acne"])
    assert unknown.exit_code == 1
    assert "acne: no contact has been of a company of this id. Some that are: acme." in unknown.output
