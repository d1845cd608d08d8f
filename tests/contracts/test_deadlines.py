"""The next deadline of a contact, as its view has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.views.contact import read_contact
from tests.builders.changes import DAY, HOUR, START, History
from tests.builders.views import deliver

if TYPE_CHECKING:
    from projections.store import View


def test_an_answer_ends_its_deadline_and_no_other(view: View) -> None:
    """What a stage waits for is told when it is entered; the answer by the hand-off alone."""
    history, due = History("c1"), START + 4 * HOUR
    history.enter("mql", next_deadline=due)
    history.handoff("offered", accept_by=due)
    history.wait(HOUR).band("hot")
    assert next_deadline(view, history) == due
    history.wait(HOUR).handoff("accepted", accept_by=due)
    assert next_deadline(view, history) is None
    history.enter("trialing", track="pql", next_deadline=START + DAY)
    assert next_deadline(view, history) == START + DAY
    history.wait(HOUR).handoff("offered", "h2", accept_by=START + 9 * HOUR)
    assert next_deadline(view, history) == START + 9 * HOUR


def next_deadline(view: View, history: History) -> int | None:
    """Bring the view up to date, and read what it says."""
    deliver(view, history.changes)
    contact = read_contact(view.ask, history.contact_id)
    assert contact is not None
    due: int | None = contact["next_deadline"]
    return due
