"""A visitor becomes a person: what was done before counts, and says so."""

from processors.lifecycle_files import load_lifecycle
from tests.builders.story import DAY, Story

PLAN = load_lifecycle("buyers-journey")


def visitor_of_two_offers() -> Story:
    visitor = Story(PLAN, "anon:v1")
    for offset, asset in enumerate(("guide", "report")):
        visitor.tell(
            "asset_download", visitor.now + offset * DAY, asset=asset, buying_stage="awareness", gated=False
        )
    return visitor


def test_a_visitor_is_not_handed_over_before_it_has_a_name() -> None:
    visitor = visitor_of_two_offers()
    assert visitor.stage == "mql"
    assert [change["record"] for change in visitor.changes].count("mql_handoff") == 0


def test_the_handoff_of_an_identified_visitor_tells_what_the_visitor_had_done() -> None:
    visitor, person = visitor_of_two_offers(), Story(PLAN, "ann")
    told = visitor.tell("contact_identified", visitor.now + DAY, into="ann", anonymous_id="v1")
    transfer = next(change for change in told if change["record"] == "history_transferred")
    person.apply({**transfer, "type": "history_transferred", "position": 0})
    offered = next(change for change in person.changes if change["record"] == "mql_handoff")
    assert offered["why"]["summary"].endswith("awareness_offer at least 2 different asset (2).")
    assert person.stage == "mql"
