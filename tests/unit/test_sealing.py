"""Sealing: what is sealed, who can open it, and what is said when nobody can."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from processors.identity import email_id, place
from processors.intake import admit
from processors.sealing import PREFIX, Gone, Sealer, is_sealed, opened, owners, row_key, rows_of
from schemas.codec import MAX_BYTES
from schemas.errors import SchemaError
from schemas.personal import FACTS, is_personal_fact, kinds, with_personal
from schemas.topics import ADMITTED_BYTES
from schemas.values import ID_BYTES, MAX_ENTRIES
from tests.builders.story import MONDAY, event

if TYPE_CHECKING:
    from schemas.events import Event

ADDRESS = "ada@canary.example"


def sealed(type_: str, **fields: Any) -> tuple[Event, dict[bytes, bytes]]:  # noqa: ANN401 - any event's
    """The event as intake writes it, and the keys that are left."""
    sealer = Sealer()
    (one,) = [sealer.seal(placed) for placed in place(event(type_, MONDAY, event_id="e", **fields))]
    return one, kept(sealer)


def kept(sealer: Sealer) -> dict[bytes, bytes]:
    return {key: row for key, row in dict(sealer.rows).items() if row is not None}


def test_address_answer_and_personal_facts_are_sealed_and_open_again() -> None:
    one, rows = sealed("contact_updated", contact_id="c1", email=ADDRESS, profile={"First Name": "Ada"})
    assert opened(one["email"], "email", rows) == ADDRESS
    assert opened(one["profile"]["First Name"], "profile.firstname", rows) == "Ada"
    one, rows = sealed("qualified_answer", contact_id="c1", topic="budget", answer="ten thousand")
    assert opened(one["answer"], "answer.budget", rows) == "ten thousand"


def test_what_rules_can_read_stays_as_it_is() -> None:
    profile = {"job_title": "CTO", "company_size": 250, "email_domain": "canary.example", "phone": 4420}
    one, _ = sealed("contact_updated", contact_id="c1", profile=profile)
    assert is_sealed(one["profile"].pop("phone"))
    assert one["profile"] == {key: value for key, value in profile.items() if key != "phone"}


def test_an_event_without_personal_values_is_the_same_object_and_needs_no_key() -> None:
    (placed,) = place(event("page_view", MONDAY, contact_id="c1", event_id="e", url="/a"))
    sealer = Sealer()
    assert sealer.seal(placed) is placed
    assert sealer.rows == []


def test_an_identification_keeps_no_address_and_money_of_a_channel_neither() -> None:
    sealer = Sealer()
    told = event("contact_identified", MONDAY, event_id="e", contact_id="c1", anonymous_id="v", email=ADDRESS)
    assert {sealer.seal(placed)["email"] for placed in place(told)} == {None}
    spent = event("spend_recorded", MONDAY, event_id="e", email=ADDRESS, channel="x", currency="EUR")
    assert sealer.seal(place(spent | {"contact_id": None})[0])["email"] is None
    assert sealer.rows == []


def test_the_same_value_is_never_sealed_twice_alike() -> None:
    ones = [sealed("unsubscribed", email=ADDRESS)[0]["email"] for _ in range(2)]
    assert ones[0] != ones[1]
    assert ADDRESS not in ones[0]


def test_a_newer_value_takes_the_key_of_the_one_before() -> None:
    sealer = Sealer()
    first, second = (
        sealer.seal(event("contact_updated", MONDAY, event_id=name, contact_id="c1", profile={"name": name}))
        for name in ("Ada", "Grace")
    )
    assert opened(first["profile"]["name"], "profile.name", kept(sealer)) is Gone.REPLACED
    assert opened(second["profile"]["name"], "profile.name", kept(sealer)) == "Grace"


def test_a_fact_that_is_cleared_loses_its_key() -> None:
    sealer = Sealer()
    for name in ("Ada", None):
        told = event("contact_updated", MONDAY, event_id="e", contact_id="c1", profile={"name": name})
        one = sealer.seal(told)
    assert one["profile"] == {"name": None}
    assert kept(sealer) == {}


def test_without_its_key_a_value_is_erased() -> None:
    one, rows = sealed("unsubscribed", contact_id="c1", email=ADDRESS)
    for key in rows_of("c1"):
        rows.pop(key, None)
    assert rows == {}
    assert opened(one["email"], "email", rows) is Gone.ERASED


def test_every_kind_that_can_be_sealed_is_one_whose_key_erasure_deletes() -> None:
    told: Event = {
        "type": "contact_updated",
        "email": ADDRESS,
        "profile": dict.fromkeys(("Last-Name", "X"), ""),
    }
    met: list[str] = []
    with_personal(told, lambda kind, _value: met.append(kind))
    for topic in ("need", "challenge", "budget", "timeline"):
        asked = {"type": "qualified_answer", "email": None, "topic": topic, "answer": "yes"}
        with_personal(asked, lambda kind, _value: met.append(kind))
    assert {*met} == {"email", "profile.lastname", *(one for one in kinds() if one.startswith("answer."))}
    assert {row_key("c1", kind) for kind in met} <= {*rows_of("c1")}


def test_the_largest_event_fits_where_it_is_kept_when_all_of_it_is_sealed() -> None:
    spellings = (f"{fact[0]}{'_' * number}{fact[1:]}" for fact in sorted(FACTS) for number in range(9))
    profile = dict.fromkeys(islice(spellings, MAX_ENTRIES), "x" * 4_050)
    told = {"type": "contact_updated", "event_id": "e" * ID_BYTES, "contact_id": "c" * ID_BYTES}
    value = json.dumps(told | {"occurred_at": "2026-03-01T09:30:00Z", "profile": profile}).encode()
    assert 0 < MAX_BYTES - len(value) < 20_000
    ((_key, kept_value),) = admit(value, received_at=MONDAY, seal=Sealer().seal)
    assert len(kept_value) < ADMITTED_BYTES


@pytest.mark.parametrize("name", ["Phone", "first_name", "Last-Name", "Date of birth"])
def test_a_fact_is_personal_however_its_name_is_written(name: str) -> None:
    assert is_personal_fact(name)


def test_a_wrong_key_another_kind_and_changed_bytes_are_one_clear_error() -> None:
    one, rows = sealed("unsubscribed", contact_id="c1", email=ADDRESS)
    ((key, row),) = rows.items()
    value = one["email"]
    raw = bytearray(urlsafe_b64decode(value.removeprefix(PREFIX)))
    raw[-1] ^= 1
    changed = PREFIX + urlsafe_b64encode(raw).decode()
    wrong = {key: row[:8] + bytes(32)}
    elsewhere = {row_key("c1", "profile.name"): row}
    for text, kind, known in (
        (value, "email", wrong),
        (changed, "email", rows),
        (value, "profile.name", elsewhere),
        (PREFIX + "é", "email", rows),
        (PREFIX + "AAAA", "email", {row_key("", "email"): b""}),
    ):
        with pytest.raises(SchemaError, match="the sealed value is damaged"):
            opened(text, kind, known)


def test_an_owner_changed_in_the_value_opens_nothing() -> None:
    one, rows = sealed("unsubscribed", contact_id="c1", email=ADDRESS)
    raw = urlsafe_b64decode(one["email"].removeprefix(PREFIX)).replace(b"c1", b"c2", 1)
    moved = PREFIX + urlsafe_b64encode(raw).decode()
    assert opened(moved, "email", rows) is Gone.ERASED
    with pytest.raises(SchemaError, match="another contact"):
        opened(moved, "email", {row_key("c2", "email"): rows[row_key("c1", "email")]})


def test_the_owner_is_read_from_what_is_sealed_and_from_nothing_else() -> None:
    one, _ = sealed("unsubscribed", contact_id=None, email=ADDRESS)
    assert owners({**one, "contact_id": "passed-on"}) == {email_id(ADDRESS)}
    assert owners({**one, "email": "sealed:no base64"}) == set()
    assert owners({**one, "email": ADDRESS}) == set()
