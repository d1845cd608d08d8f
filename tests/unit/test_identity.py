from typing import Any

import pytest

from processors.identity import email_id, key_of, normal_email, place
from schemas.errors import SchemaError


def event(type_: str = "page_view", **given: object) -> dict[str, Any]:
    return {"type": type_, "contact_id": None, "anonymous_id": None, "email": None, **given}


def keys(*events: dict[str, Any]) -> list[str]:
    return [key_of(placed).decode() for one in events for placed in place(one)]


def test_a_given_contact_id_wins_over_the_other_ids() -> None:
    assert keys(event(contact_id="c1", email="ann@acme.example", anonymous_id="v1")) == ["c1"]


def test_a_contact_known_by_address_is_keyed_by_its_hash_and_not_by_the_address() -> None:
    assert keys(event(email="ann@acme.example", anonymous_id="v1")) == [
        "email:b759382850d65342f8994576b7d68f61"
    ]


def test_a_visitor_is_keyed_by_the_visitor_id() -> None:
    assert keys(event(anonymous_id="v1")) == ["anon:v1"]


@pytest.mark.parametrize("spelling", ["Ann@Acme.Example", " ann@acme.example ", "ann@ACME.example"])
def test_every_spelling_of_an_address_is_one_contact(spelling: str) -> None:
    assert email_id(spelling) == email_id("ann@acme.example")


def test_composed_and_decomposed_letters_are_one_address() -> None:
    assert normal_email("e\u0301mile@acme.example") == normal_email("\u00e9mile@acme.example")


@pytest.mark.parametrize(
    "address", ["ann", "ann@", "@acme.example", "Ann <ann@acme.example>", "a\u202e@x.example"]
)
def test_what_is_not_an_address_is_refused_with_the_reason(address: str) -> None:
    with pytest.raises(SchemaError, match="email is not an address: "):
        place(event(email=address))


def test_an_event_that_names_nobody_is_refused_with_the_remedy() -> None:
    with pytest.raises(SchemaError, match="give contact_id, anonymous_id or email"):
        place(event())


def test_an_address_made_up_as_a_hashed_id_is_refused() -> None:
    with pytest.raises(SchemaError, match="give the address in the field email"):
        place(event(contact_id="email:ann@acme.example"))


def test_a_canonical_id_may_be_given_back_as_contact_id() -> None:
    ann = email_id("ann@acme.example")
    assert keys(event("handoff_accepted", contact_id=ann), event(contact_id="anon:v1")) == [ann, "anon:v1"]


def test_an_identification_goes_to_the_visitor_and_names_the_contact() -> None:
    (placed,) = place(event("contact_identified", contact_id="c1", anonymous_id="v1"))
    assert (placed["contact_id"], placed["into"]) == ("anon:v1", "c1")


def test_an_identification_by_address_alone_moves_the_visitor_to_the_address() -> None:
    (placed,) = place(event("contact_identified", email="ann@acme.example", anonymous_id="v1"))
    assert (placed["contact_id"], placed["into"]) == ("anon:v1", email_id("ann@acme.example"))


def test_an_identification_with_all_three_ids_moves_both_lesser_ones() -> None:
    placed = place(event("contact_identified", contact_id="c1", email="ann@acme.example", anonymous_id="v1"))
    assert [(one["contact_id"], one["into"]) for one in placed] == [
        (email_id("ann@acme.example"), "c1"),
        ("anon:v1", "c1"),
    ]


def test_an_identification_never_moves_an_address_into_a_visitor() -> None:
    (placed,) = place(event("contact_identified", contact_id="anon:v1", email="ann@acme.example"))
    assert (placed["contact_id"], placed["into"]) == ("anon:v1", email_id("ann@acme.example"))


def test_an_identification_with_one_id_is_refused() -> None:
    with pytest.raises(SchemaError, match="must name two ids"):
        place(event("contact_identified", contact_id="anon:v1", anonymous_id="v1"))


@pytest.mark.parametrize("type_", ["contacts_merged", "merge_undone"])
def test_a_merge_and_its_undoing_go_to_the_contact_that_ends(type_: str) -> None:
    assert keys(event(type_, contact_id="c1", into="c1", other="c2")) == ["c2"]


def test_a_contact_is_not_merged_with_itself() -> None:
    with pytest.raises(SchemaError, match="must differ"):
        place(event("contacts_merged", contact_id="c1", into="c1", other="c1"))


def test_spend_has_no_contact_and_is_kept_in_order_per_channel() -> None:
    (placed,) = place(event("spend_recorded", contact_id="c1", channel="google"))
    assert (placed["contact_id"], key_of(placed)) == (None, b"spend:google")
