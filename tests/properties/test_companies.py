"""Whatever contacts are told: a company is where a look at all of them, as they are in the end, puts it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processors import lifecycle
from processors.company import Company, Count, Row, dump, dump_row, fold, load, load_row
from processors.lifecycle_files import load_lifecycle
from schemas.topics import COMPANY_MEMBERS
from tests.builders.histories import events
from tests.builders.live import decoded
from tests.builders.story import DAY, MONDAY
from tests.properties.test_replay_archive import made_up

if TYPE_CHECKING:
    from random import Random

    Event = dict[str, Any]
    Facts = dict[str, Any]

PLAN = load_lifecycle("inveniv")
LADDER = [stage.id for stage in PLAN.stages if not stage.detour]
CONTACTS = ("ann", "bob", "cyd")
END = MONDAY + 800 * DAY
histories = st.tuples(*(events(most=12) for _contact in CONTACTS))


def company_of(history: list[Event]) -> str | None:
    """The company that the newest event names."""
    named = [(one["occurred_at"], one["event_id"], one["company_id"]) for one in history if one["company_id"]]
    return str(max(named)[2]) if named else None


def counts_as(facts: Facts) -> int:
    """Number on the ladder, from what the preset's file says; -1 for none."""
    stage, deals = facts["tracks"]["main"]["stage"], facts["deals"].values()
    reached = [LADDER.index(stage)] if stage in LADDER else []
    if any(one["stage"] == "closed_won" for one in deals):
        reached.append(LADDER.index("customer"))
    if any(one["stage"] not in {"closed_won", "closed_lost"} and (one["amount"] or 0) > 0 for one in deals):
        reached.append(LADDER.index("opportunity"))
    return max(reached, default=-1)


@given(histories, st.randoms(use_true_random=False))
def test_a_company_is_as_far_as_its_contacts_are_in_the_end(
    told: tuple[list[Event], ...], random: Random
) -> None:
    states = dict.fromkeys(CONTACTS, b"")
    companies: dict[str, bytes] = {}
    rows: dict[tuple[str, str], bytes] = {}
    sequences: dict[str, list[int]] = {}
    steps = [(contact, one) for contact, history in zip(CONTACTS, told, strict=True) for one in history]
    order = sorted(range(len(steps)), key=lambda _step: random.random())
    left = {contact: iter(history) for contact, history in zip(CONTACTS, told, strict=True)}

    def take(changes: tuple[dict[str, Any], ...]) -> None:
        for change in changes:
            if change["record"] != "membership_changed":
                continue
            company, key = change["company_id"], (change["company_id"], change["contact_id"])
            known = load(companies.get(company, b""))
            row, moved = fold(known, load_row(rows.pop(key, b"")), change)
            companies[company] = dump(known)
            if row is not None:
                rows[key] = dump_row(row)
            if moved is not None:
                sequences.setdefault(company, []).append(moved["sequence"])

    for step in order:  # each contact's own events in order, those of several in any
        contact = steps[step][0]
        event = {**next(left[contact]), "contact_id": contact}
        states[contact], changes = lifecycle.apply(PLAN, states[contact], event)
        take(changes)
    for contact in CONTACTS:
        states[contact], changes = lifecycle.advance(PLAN, states[contact], END)
        take(changes)

    homes = {contact: company_of(history) for contact, history in zip(CONTACTS, told, strict=True)}
    facts = {contact: lifecycle.describe(PLAN, state) for contact, state in states.items()}
    assert {name for name in homes.values() if name is not None} <= companies.keys()
    for name, state in companies.items():
        found, members = load(state), [one for one in CONTACTS if homes[one] == name]
        furthest = max((counts_as(facts[one]) for one in members), default=-1)
        assert found.stage == (None if furthest < 0 else LADDER[furthest])
        assert found.members == len(members) == sum(one[0] == name for one in rows)
        assert sum(map(sum, found.counts.values())) == sum(counts_as(facts[one]) >= 0 for one in members)
    assert all(found == list(range(1, len(found) + 1)) for found in sequences.values())


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_so_it_is_after_merges_their_undoing_voids_and_erasures(seed: int, sizes: list[int]) -> None:
    live = made_up(PLAN, seed, sizes)
    if seed % 2:
        live.tell("contact_erased", END, contact_id="eve")
        live.work()
    companies: dict[str, Company] = {}
    rows: dict[tuple[str, str], Row] = {}
    outputs = chain.from_iterable(live.outputs.values())
    for change in decoded(one for one in outputs if one.topic == COMPANY_MEMBERS.name):
        key = change["company_id"], change["contact_id"]
        row, _told = fold(companies.setdefault(key[0], Company()), rows.pop(key, None), change)
        if row is not None:
            rows[key] = row
    states = {key.decode(): state for key, state in live.states().items()}
    employers = {contact: lifecycle.load(PLAN, state).employer for contact, state in states.items()}
    homes = {contact: one.company_id for contact, one in employers.items() if one is not None}
    assert rows.keys() == {(company, contact) for contact, company in homes.items()}
    for name, company in companies.items():
        facts = [lifecycle.describe(PLAN, states[one]) for one, home in homes.items() if home == name]
        furthest = max(map(counts_as, facts), default=-1)
        assert company.stage == (None if furthest < 0 else LADDER[furthest])
        assert company.members == len(facts)


COUNTS = st.dictionaries(
    st.tuples(st.integers(-3, 9), st.sampled_from("abc")),
    st.builds(Count, st.integers(1, 9), st.integers(0, 9)),
)


@given(COUNTS)
def test_a_company_is_read_as_it_was_written(counts: dict[tuple[int, str], Count]) -> None:
    company = Company(sequence=3, stage="a", since=5, members=len(counts), counts=counts)
    assert load(dump(company)) == company
    assert load_row(dump_row(Row(1, 2, None, by_deals=True))) == Row(1, 2, None, by_deals=True)
