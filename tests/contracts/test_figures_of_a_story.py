"""The figures of a lead that sales sends back and accepts later, as the core itself tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.lifecycle_files import load_lifecycle
from projections.periods import EVER
from projections.views.answers import read_answers
from projections.views.cohorts import read_cohorts
from projections.views.funnel import Rung, define
from projections.views.sources import read_sources
from tests.builders.story import DAY, HOUR, MONDAY, Story
from tests.builders.views import deliver

if TYPE_CHECKING:
    from projections.store import View

LADDER = (Rung(track="main", stage="lead"), Rung(track="main", stage="mql"))


def test_a_lead_that_is_returned_and_accepted_later(view: View) -> None:
    story = Story(load_lifecycle("revenue"))
    story.tell("newsletter_signup", source="mail")
    story.tell("asset_download", story.now + HOUR, asset="guide", source="search")
    story.tell("demo_requested", story.now + DAY, source="webinar")
    story.tell("handoff_rejected", story.now + HOUR, handoff=None, reason="no budget", actor="sam")
    story.tell("demo_requested", story.now + DAY, source="fair")
    story.tell("handoff_accepted", story.now + HOUR, handoff=None, actor="sam")
    view.ask(define(LADDER))
    deliver(view, story.changes)

    answers = read_answers(view.ask, story.now, EVER, 9)
    assert (answers["acceptance"], answers["attainment"]) == (1 / 2, 1.0)
    assert answers["reasons"] == [{"reason": "no budget", "handoffs": 1}]
    came_back = {"contacts": 1, "offered_again": 1, "accepted_later": 1, "yield": 1.0}
    assert (answers["returned"], answers["recycled"]) == (came_back, came_back)

    (lead, mql) = read_sources(view.ask, story.now, EVER, 9)["stages"][:2]
    for stage, crossing in ((lead, "search"), (mql, "webinar")):
        by_source = {one["source"]: one for one in stage["sources"]}
        assert (
            by_source["mail"]["first"] == by_source[crossing]["last"] == by_source[crossing]["crossing"] == 1
        )

    for within, converted in ((DAY, 1), (DAY - 1, 0)):
        (step,) = read_cohorts(view.ask, MONDAY + 9 * DAY, within, EVER)["stages"]
        assert (step["decided"], step["converted"]) == (1, converted)
