import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import lifecycle
from processors.lifecycle.contact import Contact
from processors.lifecycle.program import program_of
from processors.lifecycle.state import dump, load
from processors.lifecycle_files import load_lifecycle
from schemas.errors import LifecycleError
from tests.builders.lifecycles import plan_of, stages
from tests.builders.story import DAY, HOUR, MONDAY, Story

PLAN = load_lifecycle("buyers-journey")


def typical() -> Story:
    """Twenty events: views, downloads, a form, an answer by sales."""
    story = Story(PLAN, "contact-00001")
    for index in range(14):
        story.tell("page_view", MONDAY + index * HOUR, url="/products/a", event_id=f"event-{index:06}")
    for index, asset in enumerate("abc"):
        story.tell("asset_download", MONDAY + DAY + index, asset=asset, buying_stage="awareness")
    story.tell("form_submitted", MONDAY + 2 * DAY, form="demo")
    story.tell("handoff_accepted", MONDAY + 2 * DAY + HOUR, handoff=None)
    story.tell("contact_updated", MONDAY + 3 * DAY, profile={"job_title": "VP"})
    return story


def test_a_typical_contact_takes_little_more_than_a_kilobyte() -> None:
    assert len(typical().state) <= 1_250


def test_a_contact_never_seen_is_no_bytes() -> None:
    assert lifecycle.apply(PLAN, b"", {"contact_id": None, "position": 0}) == (b"", ())
    assert lifecycle.advance(PLAN, b"", MONDAY) == (b"", ())
    assert lifecycle.next_due(b"") is None
    assert lifecycle.describe(PLAN, b"") == {}


def test_the_next_due_time_is_read_without_the_rest() -> None:
    story = typical()
    assert lifecycle.next_due(story.state) == lifecycle.load(PLAN, story.state).next_due
    assert lifecycle.next_due(story.state[:20]) == lifecycle.next_due(story.state)


def test_reading_and_writing_gives_the_same_bytes() -> None:
    story = typical()
    assert lifecycle.dump(PLAN, lifecycle.load(PLAN, story.state)) == story.state


def test_no_float_is_stored() -> None:
    found = []

    def look(value: object) -> None:
        if isinstance(value, float):
            found.append(value)
        if isinstance(value, dict):
            value = [*value.keys(), *value.values()]
        if isinstance(value, list):
            for one in value:
                look(one)

    look(msgpack.unpackb(typical().state, strict_map_key=False))
    assert found == []


def test_a_state_of_another_shape_is_refused() -> None:
    other = plan_of(stages("id: x, enter: {did: {what: view}}"))
    with pytest.raises(LifecycleError, match="contact-00001 was built under another plan shape"):
        lifecycle.load(other, typical().state)


def test_a_plan_that_only_changes_points_goes_on_from_the_same_state() -> None:
    text = "scores: {s: {decay: {half_life: 10d}, rules: [{id: r, per: view, points: 10}]}}\n"
    text += stages("id: x, enter: {did: {what: view}}")
    ten, twenty = plan_of(text), plan_of(text.replace("points: 10", "points: 20"))
    story = Story(ten)
    story.tell("page_view", MONDAY)
    assert lifecycle.describe(ten, story.state)["score"]["s"] == 10_000
    assert lifecycle.describe(twenty, story.state)["score"]["s"] == 20_000


@given(st.integers(0, 1 << 200), st.integers(-(1 << 70), 1 << 70))
def test_numbers_of_any_size_are_kept(weight: int, tally: int) -> None:
    program = program_of(PLAN)
    contact = Contact(id="c", sums={0: {1: weight}}, tallies={1: tally})
    contact.places = lifecycle.load(PLAN, typical().state).places
    contact.bands = [None, None]
    read = load(program, dump(program, contact))
    assert (read.sums, read.tallies) == ({0: {1: weight}}, {1: tally})
