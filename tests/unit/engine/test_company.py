"""The processor of companies on batches: rows, outputs, dead letters, and batches cut anywhere."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from aiokafka import TopicPartition

from processors.company import load, load_row
from processors.engine.batch import Batch
from processors.engine.company import Companies
from processors.engine.outputs import to_output
from processors.engine.store import MemoryStore
from processors.engine.timers import Timers
from processors.lifecycle_files import load_lifecycle
from schemas.codec import decode_trusted
from schemas.errors import LifecycleError
from schemas.topics import COMPANY_CHANGED, COMPANY_CHANGELOG, COMPANY_MEMBERS, DEAD_LETTER
from tests.builders.accounts import Accounts
from tests.builders.records import FetchedRecord

if TYPE_CHECKING:
    from processors.engine.batch import Output

SOURCE = TopicPartition(COMPANY_MEMBERS.name, 0)


def said() -> list[Output]:
    """What the lifecycle writes for the companies of a few contacts."""
    accounts = Accounts(load_lifecycle("inveniv"))
    for contact in ("ann", "bob", "cyd"):
        accounts.lead(contact)
    accounts.tell("bob", "demo_requested")
    accounts.tell("bob", "contact_erased")
    accounts.tell("cyd", "demo_requested", company_id="globex")
    changes = [one for story in accounts.stories.values() for one in story.changes]
    members = [one for one in changes if one["record"] == "membership_changed"]
    return [to_output(one) for one in sorted(members, key=lambda one: int(one["at"]))]


def run(outputs: list[Output], cuts: list[int]) -> tuple[dict[bytes, bytes], list[Output]]:
    """Process records in batches that end at these offsets."""
    store, told = MemoryStore(), list[Any]()
    records = [FetchedRecord(offset=at, key=one.key, value=one.value) for at, one in enumerate(outputs)]
    for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True):
        batch = Batch(
            source=SOURCE, records=records[start:end], store=store, timers=Timers(), next_offset=end
        )
        Companies().process(batch)
        store.apply(batch.states)
        told += batch.outputs
    return dict(store.items()), told


def test_topic_key_headers_and_value_of_a_companys_change() -> None:
    first = run(said(), [])[1][0]
    change = decode_trusted(first.value or b"")
    identity = ["acme", "company_stage_changed", 1, None, "lead", change["plan_hash"]]
    assert (first.topic, first.key) == (COMPANY_CHANGED.name, b"acme")
    headers = dict(first.headers)
    assert headers["ce_type"] == b"stageline.company_stage_changed.v1"
    assert headers["ce_source"] == b"/stageline/inveniv@1.0.0"
    assert headers["ce_id"] == sha256(json.dumps(identity).encode()).hexdigest().encode()


def test_what_contacts_tell_is_keyed_by_company_so_that_one_partition_has_all_of_one() -> None:
    assert {(one.topic, one.key) for one in said()} == {
        (COMPANY_MEMBERS.name, b"acme"),
        (COMPANY_MEMBERS.name, b"globex"),
    }


def test_batches_cut_anywhere_decide_the_same() -> None:
    outputs = said()
    whole = run(outputs, [])
    assert len(whole[1]) >= 4
    for cut in range(1, len(outputs)):
        assert run(outputs, [cut]) == whole
    assert run(outputs, list(range(1, len(outputs)))) == whole


def test_there_is_one_row_for_each_contact_and_one_for_the_company() -> None:
    states, _told = run(said(), [])
    assert set(states) == {b"acme", b"acme\0ann", b"globex", b"globex\0cyd"}
    assert load(states[b"acme"]).members == 1
    assert load_row(states[b"acme\0ann"]) is not None


def test_a_companys_state_does_not_grow_with_its_contacts() -> None:
    accounts = Accounts(load_lifecycle("inveniv"))
    for number in range(300):
        accounts.lead(f"contact-{number}")
    changes = [one for story in accounts.stories.values() for one in story.changes]
    outputs = [to_output(one) for one in changes if one["record"] == "membership_changed"]
    few, many = (len(run(outputs[:count], [])[0][b"acme"]) for count in (len(outputs) // 10, len(outputs)))
    assert many - few < 16


def test_a_state_that_another_version_wrote_is_not_read_as_ours() -> None:
    with pytest.raises(
        LifecycleError, match=f"has layout 9, and this version reads 1.*{COMPANY_CHANGELOG.name}"
    ):
        load(msgpack.packb((9, 0, None, None, 0, [], "more")))


def test_what_is_no_membership_becomes_a_dead_letter() -> None:
    accounts = Accounts(load_lifecycle("inveniv"))
    accounts.lead("ann")
    stage = to_output(accounts.stories["ann"].stage_changes[0])
    poison = [said()[0]._replace(value=b"junk"), stage]
    states, told = run([*poison, said()[0]], [])
    assert [one.topic for one in told[:2]] == [DEAD_LETTER.name] * 2
    assert [dict(one.headers)["stageline-stage"] for one in told[:2]] == [b"company"] * 2
    assert set(states) >= {b"acme"}
