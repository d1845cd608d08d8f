from __future__ import annotations

import pytest

from processors.lifecycle.definition.load import load
from processors.lifecycle.definition.moves.literals import Budget, TooComplexError
from processors.lifecycle.definition.moves.witness import Deed, Rehearsal
from tests.builders.lifecycles import plan_of, source_of, stages
from tests.builders.story import DAY


def test_a_round_whose_ways_are_open_all_the_time_is_refused() -> None:
    """Its rehearsal stops in the middle of a round, with a way open that the next timer takes for shut."""
    idle = "{not: {active: {what: view, in_days: 2, of: 5}}}"
    text = stages(
        f"id: one, enter: {{did: {{what: view}}}}, leave: [{{goto: aside, when: {idle}}}]",
        "id: aside, detour: true, leave: [{goto: one, when: {did: {what: view, within: 7d}}}]",
    )
    report = load(source_of(text), "round.yaml").report
    assert "a contact would go round without end: one → aside → one" in report
    assert "page_view → one → aside → one → …" in report


def test_a_round_that_opens_long_before_its_rehearsal_ends_is_refused_at_once() -> None:
    """Whoever goes round asks for no timer: else the rehearsal would fire one for every millisecond."""
    quiet = "{did_not: {what: view, for: 30d}}"
    text = stages(
        "id: one, enter: {did: {what: view}},"
        f" leave: [{{goto: aside, when: {{all: [{{deal: open}}, {quiet}]}}}}]",
        f"id: aside, detour: true, leave: [{{goto: one, when: {quiet}}}]",
    )
    report = load(source_of(text), "round.yaml").report
    assert "30 days pass → aside → one → aside → …" in report


@pytest.mark.parametrize(
    ("one", "leave", "back", "round_"),
    [
        pytest.param(
            "{did: {what: view}}",
            "{not: {did: {what: view, within: 14d}}}",
            "{did: {what: view, at_most: 3, within: 7d}}",
            "14 days pass → aside → one → aside → …",
            id="once enough is forgotten",
        ),
        pytest.param(
            "{did_not: {what: view, for: 7d}}",
            "{did: {what: form}}",
            "{not: {deal: won}}",
            "form_submitted → aside → one → aside → …",
            id="to whoever has done nothing yet",
        ),
    ],
)
def test_a_round_that_is_open_only_to_some_is_refused(one: str, leave: str, back: str, round_: str) -> None:
    text = stages(
        f"id: one, enter: {one}, leave: [{{goto: aside, when: {leave}}}]",
        f"id: aside, detour: true, leave: [{{goto: one, when: {back}}}]",
    )
    assert round_ in load(source_of(text), "round.yaml").report


def test_to_and_fro_each_minute_costs_a_rehearsal_as_much_as_events_would() -> None:
    plan = plan_of(
        stages(
            "id: one, enter: {did: {what: view}}, leave: [{goto: aside, after: 1m}]",
            "id: aside, detour: true, leave: [{goto: one, after: 1m}]",
        )
    )
    view, year = Deed(type="page_view"), Deed(type=None, after_ms=365 * DAY)
    with pytest.raises(TooComplexError):
        Rehearsal(plan, Budget(left=100)).act((view, year))
