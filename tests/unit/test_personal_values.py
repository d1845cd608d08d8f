from __future__ import annotations

from collections import defaultdict
from typing import Any

from processors.personal_values import Value, events_of, values_of
from processors.sealing import ID_BYTES, KEY_BYTES, Gone, Sealer, row_key
from schemas.codec import decode_trusted
from tests.builders.live import Live
from tests.builders.story import MONDAY, event
from tests.unit.engine.test_shredding import PLAN


def test_every_value_is_told_with_whose_it_is_or_why_nobody_can_read_it() -> None:
    sealer = Sealer()
    told = [
        event("contact_updated", MONDAY + number, event_id="e", contact_id="c1", profile={"phone": phone})
        for number, phone in enumerate(("1", "2"))
    ]
    told = [sealer.seal(one) for one in told] + [event("page_view", MONDAY, event_id="e", url="/a")]
    rows = {key: row for key, row in sealer.rows if row}
    first = Value(contact_id="c1", kind="profile.phone", at=MONDAY, text=Gone.REPLACED)
    second = Value(contact_id="c1", kind="profile.phone", at=MONDAY + 1, text="2")
    assert values_of(told, rows) == [first, second]
    assert {one.text for one in values_of(told, {})} == {Gone.ERASED}


def test_what_was_written_before_there_was_sealing_is_told_as_it_is() -> None:
    (one,) = values_of([event("unsubscribed", MONDAY, event_id="e", email="ada@x.example")], {})
    assert one.text == "ada@x.example"


def test_what_only_looks_sealed_is_told_as_it_is_and_what_is_damaged_does_not_hide_the_rest() -> None:
    sealer = Sealer()
    damaged, after = (
        sealer.seal(event("contact_updated", MONDAY, event_id="e", contact_id="c1", profile={name: "1"}))
        for name in ("phone", "fax")
    )
    before = event(
        "qualified_answer", MONDAY, event_id="e", contact_id="c1", topic="need", answer="sealed: a deal"
    )
    rows = {key: row for key, row in sealer.rows if row}
    rows[row_key("c1", "profile.phone")] = rows[row_key("c1", "profile.phone")][:ID_BYTES] + bytes(KEY_BYTES)
    found = values_of([before, damaged, after], rows)
    assert [one.text for one in found] == ["sealed: a deal", Gone.DAMAGED, "1"]


def known(live: Live, sealer: Sealer, contact: str) -> list[tuple[str, str]]:
    """Whose events tell what of a contact, once everything has been worked off."""
    live.work()
    told: dict[str, list[Any]] = defaultdict(list)
    for record in live.records:
        one = decode_trusted(record.value or b"") | {"position": record.offset}
        told[one["contact_id"]].append(one)
    rows = {key: row for key, row in sealer.rows if row}
    return [(one.contact_id, str(one.text)) for one in values_of(events_of(contact, told), rows)]


def test_who_is_part_of_a_contact_is_told_of_with_it_and_each_value_once() -> None:
    live, sealer = Live(PLAN), Sealer()
    live.seal = sealer.seal
    live.tell("contact_updated", MONDAY, contact_id="b", profile={"phone": "1"})
    live.tell("contact_updated", MONDAY, contact_id=None, anonymous_id="v", profile={"name": "2"})
    live.tell("contact_identified", MONDAY, contact_id="b", anonymous_id="v")
    live.work()
    live.tell("contacts_merged", MONDAY, into="c", other="b")
    live.work()
    live.tell("contact_updated", MONDAY, contact_id="b", profile={"fax": "3"})
    assert known(live, sealer, "c") == [("b", "1"), ("b", "3"), ("anon:v", "2")]


def test_who_was_part_of_a_contact_until_that_was_undone_is_not_told_of() -> None:
    live, sealer = Live(PLAN), Sealer()
    live.seal = sealer.seal
    for contact in ("b", "c"):
        live.tell("contact_updated", MONDAY, contact_id=contact, profile={"phone": contact})
    live.tell("contacts_merged", MONDAY, into="c", other="b")
    live.work()
    live.tell("contact_updated", MONDAY, contact_id="b", profile={"fax": "3"})
    live.work()
    live.tell("merge_undone", MONDAY, into="c", other="b")
    assert known(live, sealer, "c") == [("c", "c")]
    assert known(live, sealer, "b") == [("b", "b"), ("b", "3")]
