"""Erasure in the lifecycle: whose keys are deleted, and when; all of it in the batch that drops the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processors.lifecycle_files import load_lifecycle
from processors.sealing import Gone, Sealer, is_sealed, opened, rows_of
from schemas.codec import decode_trusted
from schemas.native import BACKEND
from schemas.personal import with_personal
from schemas.topics import CONTACT_KEYS
from tests.builders.live import Live
from tests.builders.story import MONDAY

if TYPE_CHECKING:
    from processors.engine.batch import Output

PLAN = load_lifecycle("buyers-journey")
NAME = {"name": "canary-name"}


class Sealing(Live):
    """Seals what comes in; `keys` is what the topic of keys holds once it is compacted."""

    def __init__(self) -> None:
        super().__init__(PLAN, sizes=(3, 1, 2))
        self.keys: dict[bytes, bytes] = {}
        self.deleted: list[Output] = []
        self._sealer = Sealer()
        self.seal = self._sealer.seal

    def tell(self, type_: str, at: int = MONDAY, **fields: Any) -> None:  # noqa: ANN401 - any event's fields
        super().tell(type_, at, **fields)
        for key, row in self._sealer.rows:
            self._note(key, row)
        self._sealer.rows.clear()

    def work(self) -> None:
        super().work()
        for told in self.outputs.values():
            keys = [one for one in told if one.topic == CONTACT_KEYS.name]
            told[:] = [one for one in told if one not in keys]
            self.deleted += keys
            for one in keys:
                self._note(one.key or b"", one.value)

    def _note(self, key: bytes, row: bytes | None) -> None:
        if row is None:
            self.keys.pop(key, None)
        else:
            self.keys[key] = row

    def readable(self) -> set[str]:
        """Every personal value that somebody can still read."""
        self.work()
        found = set[str]()

        def note(kind: str, value: Any) -> Any:  # noqa: ANN401 - any scalar of a map
            assert value is None or is_sealed(value)
            if value is not None and not isinstance(text := opened(value, kind, self.keys), Gone):
                found.add(text)
            return value

        for record in self.records:
            with_personal(decode_trusted(record.value or b""), note)
        return found


@pytest.fixture(params=["native", "reference"])
def live(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Sealing:
    if request.param == "reference":
        monkeypatch.setenv(BACKEND, "reference")
    return Sealing()


def test_until_the_erasure_everything_can_be_read_and_afterwards_nothing(live: Sealing) -> None:
    live.tell("contact_updated", contact_id="c1", email="ada@x.example", profile=NAME)
    live.tell("qualified_answer", contact_id="c1", topic="need", answer="canary-need")
    live.tell("qualified_answer", contact_id="c1", topic="budget", answer="canary-budget")
    assert live.readable() == {"ada@x.example", "canary-name", "canary-need", "canary-budget"}
    live.tell("contact_erased", contact_id="c1", email="ada@x.example")
    assert live.readable() == set()
    assert live.keys == {}


def test_nobody_elses_keys_go(live: Sealing) -> None:
    for contact in ("c1", "c2"):
        live.tell("contact_updated", contact_id=contact, profile={"name": contact})
    live.tell("contact_erased", contact_id="c1")
    live.tell("page_view", contact_id="c1", url="/a")
    assert live.readable() == {"c2"}


def test_what_comes_after_the_erasure_cannot_be_read_either(live: Sealing) -> None:
    live.tell("contact_erased", contact_id="c1")
    live.work()
    live.tell("contact_updated", contact_id="c1", profile=NAME)
    live.work()
    assert live.keys == {}
    live.tell("contact_erased", contact_id="c1", email="ada@x.example")
    assert live.readable() == set()
    assert live.keys == {}


def test_who_was_part_of_it_is_erased_with_it(live: Sealing) -> None:
    live.tell("contact_updated", contact_id=None, anonymous_id="v", profile={"name": "a"})
    live.tell("contact_updated", contact_id=None, email="ada@x.example", profile={"phone": "b"})
    live.tell("contact_updated", contact_id="c2", profile={"name": "c"})
    live.tell("contact_updated", contact_id="c3", profile={"name": "d"})
    ids: dict[str, Any] = {"contact_id": "c2", "anonymous_id": "v", "email": "ada@x.example"}
    live.tell("contact_identified", **ids)
    live.work()
    live.tell("contacts_merged", into="c1", other="c2")
    live.work()
    live.tell("contact_updated", contact_id=None, anonymous_id="v", profile={"fax": "e"})
    assert live.readable() == {"a", "ada@x.example", "b", "c", "d", "e"}
    live.tell("contact_erased", contact_id="c1")
    assert live.readable() == {"d"}


def test_who_turns_out_to_be_an_erased_contact_is_erased_too(live: Sealing) -> None:
    live.tell("contact_updated", contact_id=None, anonymous_id="v", profile={"name": "a"})
    live.tell("contact_updated", contact_id="c2", profile={"name": "b"})
    live.tell("contact_identified", contact_id="c2", anonymous_id="v")
    live.tell("contact_erased", contact_id="c1")
    live.work()
    live.tell("contacts_merged", into="c1", other="c2")
    assert live.readable() == set()
    live.tell("contact_updated", contact_id=None, anonymous_id="v", profile={"fax": "c"})
    live.tell("contact_updated", contact_id="c2", profile={"phone": "d"})
    assert live.readable() == set()


def identified_merged_and_undone(live: Sealing) -> None:
    """A visitor is b; b becomes part of c by mistake, and that is undone."""
    live.tell("contact_updated", contact_id=None, anonymous_id="v", profile={"name": "a"})
    for contact in ("b", "c"):
        live.tell("contact_updated", contact_id=contact, profile={"name": contact})
    live.tell("contact_identified", contact_id="b", anonymous_id="v")
    live.work()
    live.tell("contacts_merged", into="c", other="b")
    live.work()
    live.tell("merge_undone", into="c", other="b")
    assert live.readable() == {"a", "b", "c"}


@pytest.mark.parametrize(("erased", "left"), [("b", {"c"}), ("c", {"a", "b"})])
def test_after_a_merge_was_undone_everybody_is_erased_with_who_was_part_of_them(
    live: Sealing, erased: str, left: set[str]
) -> None:
    identified_merged_and_undone(live)
    live.tell("contact_erased", contact_id=erased)
    assert live.readable() == left


def test_what_went_to_another_contact_before_is_no_part_of_it_when_a_later_merge_is_undone(
    live: Sealing,
) -> None:
    live.tell("contact_updated", contact_id=None, anonymous_id="v", profile={"name": "a"})
    for into, other in (("c", "b"), ("b", "c")):
        live.tell("contacts_merged", into=into, other=other)
        live.work()
        if other == "b":  # passed on to c
            live.tell("contact_identified", contact_id="b", anonymous_id="v")
            live.work()
        live.tell("merge_undone", into=into, other=other)
        live.work()
    live.tell("contact_erased", contact_id="c")
    assert live.readable() == {"a"}
    live.tell("contact_erased", contact_id="b")
    assert live.readable() == set()


def test_who_was_merged_in_a_circle_is_erased_with_who_was_part_of_it(live: Sealing) -> None:
    live.tell("contact_updated", contact_id=None, anonymous_id="v", profile={"name": "a"})
    live.tell("contact_identified", contact_id="b", anonymous_id="v")
    live.tell("contact_updated", contact_id="c", profile={"name": "c"})
    live.work()
    live.tell("contacts_merged", into="c", other="b")
    live.work()
    live.tell("contacts_merged", into="b", other="c")
    live.work()
    live.tell("contact_erased", contact_id="c")
    assert live.readable() == set()


def test_who_stands_again_after_a_circle_of_merges_is_erased_alone(live: Sealing) -> None:
    for contact in ("b", "c"):
        live.tell("contact_updated", contact_id=contact, profile={"name": contact})
    live.tell("contacts_merged", into="c", other="b")
    live.work()
    live.tell("contacts_merged", into="b", other="c")  # c stays: b only passes its history back
    live.work()
    live.tell("merge_undone", into="c", other="b")
    live.work()
    live.tell("contact_erased", contact_id="b")
    assert live.readable() == {"c"}


def test_the_states_are_those_of_what_was_not_sealed(live: Sealing) -> None:
    plain = Live(PLAN, sizes=(1,))
    for one in (live, plain):
        one.tell("contact_updated", MONDAY, contact_id="c1", profile={"job_title": "CTO", **NAME})
        one.tell("qualified_answer", MONDAY, contact_id="c1", topic="need", answer="canary-need")
        one.work()
    assert live.states() == plain.states()
    assert live.outputs == plain.outputs
    assert not any(b"canary" in record.value for record in live.records if record.value)


def test_the_keys_of_an_erased_contact_are_those_of_every_kind(live: Sealing) -> None:
    live.tell("contact_erased", contact_id="c1")
    live.work()
    assert {one.key for one in live.deleted} == {*rows_of("c1")}
    assert {one.value for one in live.deleted} == {None}
