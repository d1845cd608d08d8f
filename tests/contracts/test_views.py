"""Every view on a real Redis, whatever the order and number of deliveries."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.commands import key
from projections.views.contact import read_contact, read_near
from projections.views.funnel import Rung, define, read_funnel
from projections.views.handoffs import ENDS, STATUSES, read_board
from projections.views.latest import KEPT, read_latest
from projections.views.segments import read_segments
from tests.builders.changes import DAY, HOUR, START, History, evidence, why
from tests.builders.views import deliver, dump

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.store import View

STAGES = ("lead", "mql", "sal", "lost")
IDS = ("c1", "c:2", "{c}*?[3]", "Ünï ☃", "' OR 1=1 --", "<b>c</b>", "../..", "%63%31")
LADDER = (
    Rung(track="main", stage="lead", owner="marketing"),
    Rung(track="main", stage="mql", owner="marketing"),
    Rung(track="main", stage="sal", owner="sales"),
    Rung(track="main", stage="lost", owner="marketing", detour=True),
    Rung(track="pql", stage="trialing", owner="product"),
)
step = st.one_of(
    st.tuples(st.just("enter"), st.sampled_from((*STAGES, None))),
    st.tuples(st.just("band"), st.sampled_from(("hot", "cold", None))),
    st.tuples(st.just("handoff"), st.sampled_from(("offered", "reminded", *ENDS))),
)


@st.composite
def histories(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Some contacts' changes; per contact in order."""
    found = []
    for contact in draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True)):
        history = History(contact)
        for kind, value in draw(st.lists(step, min_size=1, max_size=8)):
            history.wait(draw(st.integers(0, 3)) * HOUR)
            _take(history, kind, value)
        found.append(history.changes)
    return found


def _take(history: History, kind: str, value: Any) -> None:  # noqa: ANN401 - a stage, band or action
    if kind == "enter" and (value is not None or history.stage is not None):
        history.enter(value)
    elif kind == "band":
        history.band(value)
    elif kind == "handoff":
        history.handoff(value, f"h-{history.contact_id}")


@st.composite
def deliveries(draw: st.DrawFn, of: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """The same changes interleaved, each contact's in order, with batches delivered more than once."""
    queues = [list(changes) for changes in of if changes]
    batches = []
    while queues:
        queue = draw(st.sampled_from(queues))
        taken = [queue.pop(0) for _ in range(min(len(queue), draw(st.integers(1, 3))))]
        batches += [taken] * draw(st.integers(1, 2))
        queues = [queue for queue in queues if queue]
    return batches


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), told=histories())
def test_views_are_the_same_in_whatever_order_and_number_changes_come(
    data: st.DataObject, told: list[list[dict[str, Any]]], new_view: Callable[[], View], redis_url: str
) -> None:
    once, again = new_view(), new_view()
    for changes in told:
        deliver(once, changes)
    for batch in data.draw(deliveries(told)):
        deliver(again, batch)
        _assert_possible(again)
    assert dump(redis_url, again) == dump(redis_url, once)


def _assert_possible(view: View) -> None:
    """Each contact is in the one stage that its own page says, and each hand-off in one column."""
    funnel = read_funnel(view.ask, START)
    (contacts,) = view.ask(("ZRANGE", key("contacts"), "0", "-1"))
    pages = [read_contact(view.ask, contact) for contact in contacts]
    at = Counter(page["stages"]["main"]["id"] for page in pages if page and "main" in page["stages"])
    assert {stage["stage"]: stage["now"] for stage in funnel["stages"] if stage["now"]} == dict(at)
    assert funnel["staged"] == at.total() <= funnel["contacts"] == len(contacts)
    board = read_board(view.ask)
    cards = [card["handoff"] for status in STATUSES for card in board[status]]
    assert len(cards) == len(set(cards)) == sum(board["counts"].values())


def test_the_funnel_shows_every_stage_in_order_with_conversion_and_time(view: View) -> None:
    view.ask(define(LADDER))
    through, ahead, out = History("c1"), History("c2"), History("c3")
    through.enter("lead")
    through.wait(2 * DAY).enter("mql")
    ahead.enter("mql", path=["lead", "mql"])
    out.enter("lead")
    out.wait(DAY).enter("lost")
    for history in (through, ahead, out):
        deliver(view, history.changes)
    funnel = read_funnel(view.ask, START + 3 * DAY)
    shown = [(s["stage"], s["now"], s["reached"], s["conversion"]) for s in funnel["stages"]]
    assert shown == [
        ("lead", 0, 3, None),
        ("mql", 2, 2, 2 / 3),
        ("sal", 0, 0, 0.0),
        ("lost", 1, 1, None),
        ("trialing", 0, 0, None),
    ]
    times = {stage["stage"]: stage["time"] for stage in funnel["stages"]}
    assert times["lead"] == {"p50": DAY, "p75": 2 * DAY, "p90": 2 * DAY}
    assert times["mql"] == {"p50": DAY, "p75": 3 * DAY, "p90": 3 * DAY}
    assert times["sal"] is None


def test_a_contact_that_became_part_of_another_counts_once(view: View) -> None:
    visitor, person = History("anon:1"), History("anna")
    visitor.enter("lead")
    visitor.wait(DAY).enter(None, reason="identified as anna")
    person.wait(DAY).enter("mql", path=["lead", "mql"])
    for history in (visitor, person):
        deliver(view, history.changes)
    view.ask(define(LADDER))
    stages = read_funnel(view.ask, START + DAY)["stages"]
    assert [(stage["now"], stage["reached"]) for stage in stages[:2]] == [(0, 1), (1, 1)]
    assert stages[0]["time"] is None


def test_an_erased_contact_is_known_nowhere_whatever_still_comes_about_it(view: View, redis_url: str) -> None:
    history = History("c1")
    cause = {"criterion": "contact_erased", "event_id": "e9", "timer": None, "criteria_change": None}
    history.enter("lead", why=why("Read about debts."))
    history.enter("trialing", track="pql")
    history.band("hot", why=why("Read about debts."))
    history.handoff("offered", why=why("Read about debts."))
    history.wait(HOUR).handoff("withdrawn", cause=cause, reason="erased")
    history.enter(None, cause=cause, reason="erased")
    history.enter(None, track="pql", cause=cause, reason="erased")
    for record in ("mql_handoff", "stage_changed", "segment_changed"):  # the topics are not in step
        deliver(view, [change for change in history.changes if change["record"] == record], f"{record}/0")
    assert read_contact(view.ask, "c1") is None
    assert read_latest(view.ask) == []
    funnel = read_funnel(view.ask, START)
    assert (funnel["contacts"], funnel["staged"]) == (0, 0)
    assert [stage["now"] for stage in funnel["stages"]] == [0, 0]
    (card,) = read_board(view.ask)["withdrawn"]
    assert {"summary", "contact_id"}.isdisjoint(card)
    assert "debts" not in everything(redis_url, view)
    assert "c1" not in everything(redis_url, view)


def test_a_contact_that_was_part_of_another_and_is_erased_is_known_nowhere(
    view: View, redis_url: str
) -> None:
    history = History("c1")
    history.enter("lead")
    history.wait(HOUR).enter(None, reason="merged into c2")
    deliver(view, history.changes)
    assert "c1" in everything(redis_url, view)
    cause = {"criterion": "contact_erased", "event_id": "e9", "timer": None, "criteria_change": None}
    deliver(view, [history.enter(None, cause=cause, reason="erased")])
    assert read_contact(view.ask, "c1") is None
    assert "c1" not in everything(redis_url, view)


def test_an_erased_contact_still_counts_in_what_it_did_and_others_are_untouched(
    view: View, redis_url: str
) -> None:
    history, other = History("c1"), History("c2")
    for one in (history, other):
        one.enter("lead")
        one.handoff("offered", f"h-{one.contact_id[::-1]}")
        one.wait(DAY).enter("mql")
        deliver(view, one.changes)
    cause = {"criterion": "contact_erased", "event_id": "e9", "timer": None, "criteria_change": None}
    deliver(view, [history.enter(None, cause=cause, reason="erased")])
    view.ask(define(LADDER))
    lead, mql = read_funnel(view.ask, START + DAY)["stages"][:2]
    assert (lead["reached"], mql["reached"], mql["now"]) == (1, 1, 1)
    assert lead["time"] == {"p50": DAY, "p75": DAY, "p90": DAY}
    assert read_board(view.ask)["counts"]["open"] == 2
    assert {change["contact_id"] for change in read_latest(view.ask)} == {"c2"}
    assert "c1" not in everything(redis_url, view)


def everything(redis_url: str, view: View) -> str:
    """All keys and values of the view, arrivals included."""
    return str(dump(redis_url, view)) + str(view.ask(("XRANGE", key("arrivals"), "-", "+")))


def test_a_stage_that_the_definition_no_longer_has_is_still_counted(view: View) -> None:
    view.ask(define(LADDER))
    history = History("c1")
    history.enter("prospect")
    deliver(view, history.changes)
    funnel = read_funnel(view.ask, START)
    assert funnel["stages"][-1]["stage"] == "prospect"
    assert (funnel["staged"], funnel["contacts"]) == (1, 1)


def test_a_contact_shows_its_places_scores_and_every_change_with_its_reasons(view: View) -> None:
    reasons = why("Viewed the products page 10 times.", evidence=[evidence("product views", "10", "≥ 10")])
    history = History("c1")
    history.enter("lead", score={"total": 1_000})
    history.wait(DAY).enter("mql", score={"total": 40_500}, why=reasons)
    history.enter("trialing", track="pql", score={"total": 40_500})
    history.band("hot", score={"total": 40_500})
    history.handoff("offered", score={"total": 40_500}, accept_by=START + 2 * DAY)
    deliver(view, history.changes)
    contact = read_contact(view.ask, "c1")
    assert contact is not None
    assert contact["stages"] == {
        "main": {"id": "mql", "since": START + DAY},
        "pql": {"id": "trialing", "since": START + DAY},
    }
    assert contact["segments"] == {"temperature": {"id": "hot", "since": START + DAY}}
    assert (contact["score"], contact["owner"]) == ({"total": 40_500}, "marketing")
    order = (4, 3, 2, 1, 0)  # newest first; within one moment hand-off, segment, stage
    assert contact["changes"] == [history.changes[index] for index in order]
    assert contact["changes"][3]["why"] == reasons


def test_a_contact_that_was_never_seen_has_no_view_but_neighbours(view: View) -> None:
    for contact in ("anna@x", "anna@y", "bob"):
        history = History(contact)
        history.enter("lead")
        deliver(view, history.changes)
    assert read_contact(view.ask, "anna") is None
    assert read_near(view.ask, "anna") == ["anna@x", "anna@y"]
    assert read_near(view.ask, "") == ["anna@x", "anna@y", "bob"]


def test_ids_that_look_like_keys_and_patterns_do_not_meet(view: View) -> None:
    for contact in IDS:
        history = History(contact)
        history.enter("lead", reason=contact)
        deliver(view, history.changes)
    for contact in IDS:
        found = read_contact(view.ask, contact)
        assert found is not None
        assert [change["reason"] for change in found["changes"]] == [contact]


def test_the_board_follows_a_handoff_from_offer_to_answer(view: View) -> None:
    history = History("c1")
    offered = history.handoff("offered", accept_by=START + 4 * HOUR, score={"total": 12_000})
    reminded = history.wait(2 * HOUR).handoff("reminded", accept_by=START + 4 * HOUR)
    accepted = history.wait(HOUR).handoff("accepted", actor="sam")
    deliver(view, [offered, reminded])
    (card,) = read_board(view.ask)["open"]
    assert (card["accept_by"], card["reminded_at"], card["total"]) == (
        START + 4 * HOUR,
        START + 2 * HOUR,
        12_000,
    )
    deliver(view, [accepted])
    board = read_board(view.ask)
    assert board["counts"] == {"open": 0, "accepted": 1, "rejected": 0, "expired": 0, "withdrawn": 0}
    (card,) = board["accepted"]
    assert (card["status"], card["actor"], card["accepted_at"]) == ("accepted", "sam", START + 3 * HOUR)


def test_open_handoffs_stand_in_order_of_their_deadlines_those_without_last(view: View) -> None:
    for name, deadline in (("none", None), ("late", START + DAY), ("soon", START + HOUR)):
        history = History(name)
        history.handoff("offered", name, accept_by=deadline)
        deliver(view, history.changes)
    assert [card["handoff"] for card in read_board(view.ask)["open"]] == ["soon", "late", "none"]


def test_segments_count_who_is_in_which_band(view: View) -> None:
    for contact, bands in (("c1", ("cold", "hot")), ("c2", ("hot",)), ("c3", ("cold", None))):
        history = History(contact)
        for band in bands:
            history.band(band)
        deliver(view, history.changes)
    assert read_segments(view.ask) == {"temperature": {"cold": 0, "hot": 2}}


def test_the_latest_changes_are_bounded_and_newest_first(view: View) -> None:
    for number in range(KEPT + 5):
        history = History(f"c{number}", START + number)
        history.enter("lead")
        deliver(view, history.changes)
    newest = read_latest(view.ask, 2)
    assert [change["contact_id"] for change in newest] == [f"c{KEPT + 4}", f"c{KEPT + 3}"]
    assert len(read_latest(view.ask, 10 * KEPT)) == KEPT
