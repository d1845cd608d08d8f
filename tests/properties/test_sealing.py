"""Sealed or not, a history comes to the same states and changes; and everything sealed opens again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from processors.lifecycle_files import load_lifecycle, presets
from processors.sealing import Sealer, is_sealed, opened
from schemas.codec import decode_trusted, encode
from schemas.personal import with_personal
from tests.builders import both
from tests.builders.histories import events
from tests.builders.random_events import published, scalars, texts

if TYPE_CHECKING:
    from processors.lifecycle.plan import Plan

    Event = dict[str, Any]

PLANS = {name: load_lifecycle(name) for name in presets()}
NAMES = ("first_name", "Last Name", "phone", "email")
PERSONAL = st.fixed_dictionaries(
    {
        "email": st.none() | st.just("ada@canary.example"),
        "answer": st.none() | texts,
        "facts": st.dictionaries(st.sampled_from(NAMES), scalars, max_size=3),
    }
)


def personal(event: Event, given_: Event) -> Event:
    """The event with personal values in it."""
    told = event | {"email": given_["email"]}
    told |= {"answer": given_["answer"]} if event["type"] == "qualified_answer" else {}
    return told | ({"profile": event["profile"] | given_["facts"]} if "profile" in event else {})


def folded(plan: Plan, history: list[Event]) -> list[Any]:
    state, steps = b"", []
    for one in history:
        read = decode_trusted(encode(one)) | {"position": one["position"]}
        state, changes = both.apply(plan, state, read)
        steps.append((state, changes))
    return steps


@given(st.sampled_from(sorted(PLANS)), events(most=12), st.data())
def test_sealed_or_not_states_and_changes_are_the_same(
    name: str, history: list[Event], data: st.DataObject
) -> None:
    plain = [personal(one, data.draw(PERSONAL)) for one in history]
    seal = Sealer().seal
    sealed = [seal(one) for one in plain]
    assert folded(PLANS[name], sealed) == folded(PLANS[name], plain)


@given(published)
def test_whatever_is_sealed_is_written_read_and_opened_again(event: Event) -> None:
    sealer = Sealer()
    read = decode_trusted(encode(sealer.seal(event)))
    rows = {key: row for key, row in sealer.rows if row is not None}
    values: dict[str, Any] = {}
    with_personal(event, values.setdefault)

    def compare(kind: str, value: Any) -> Any:  # noqa: ANN401 - any scalar of a map
        assert value is None or is_sealed(value)
        if value is not None:
            assert opened(value, kind, rows) == str(values[kind])
        return value

    with_personal(read, compare)
