"""The client, and every example of docs/client.md, against a genuine broker of their own."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from processors import handoffs
from processors.client import Client
from processors.topic_admin import ensure_topics, partition_count
from schemas.codec import encode
from schemas.errors import LifecycleError, SchemaError
from schemas.topics import ENGAGEMENT, HANDOFF_RESPONSE, MQL_HANDOFF
from tests.builders.samples import sample
from tests.integration.test_publish import published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def address(broker: LocalServer) -> str:
    ensure_topics(broker.address)
    return broker.address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


def offer(address: str, *handoffs: tuple[str, int, str], commit: bool = True) -> None:
    """Write (contact, total score, action) as the worker would, in one transaction."""
    with KafkaProducer(bootstrap_servers=address, transactional_id="worker") as worker:
        worker.init_transactions()
        worker.begin_transaction()
        for sequence, (contact, total, action) in enumerate(handoffs, 1):
            record = sample("mql_handoff") | {
                "contact_id": contact, "sequence": sequence, "handoff": f"of-{contact}", "action": action,
                "score": {"total": total}, "at": 1_772_366_400_000, "accept_by": None,
            }  # fmt: skip
            worker.send(MQL_HANDOFF.name, encode(record), contact.encode())
        worker.flush()
        (worker.commit_transaction if commit else worker.abort_transaction)()


def answers(address: str, contact: str) -> list[dict[str, Any]]:
    return [
        event for _, event in published(address, HANDOFF_RESPONSE, lambda one: one["contact_id"] == contact)
    ]


def example(number: int, address: str) -> dict[str, Any]:
    """Run the page's n-th example, on this broker."""
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[number]
    scope: dict[str, Any] = {}
    exec(code.replace("127.0.0.1:9092", address), scope)  # noqa: S102 - our own documentation
    return scope


def test_the_publishing_example_publishes(address: str) -> None:
    example(0, address)
    ((key, event),) = published(address, ENGAGEMENT, lambda one: one["event_id"] == "form-8812")
    assert key.startswith(b"email:")
    assert (event["type"], event["occurred_at"]) == ("demo_requested", 1_772_357_400_000)


def test_the_hand_off_example_accepts_the_ripe_and_rejects_the_rest(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(address, ("ripe", 60_000, "offered"), ("green", 10_000, "offered"), ("old", 0, "expired"))
    assert example(1, address)["seen"] >= {("of-ripe", 1), ("of-green", 2), ("of-old", 3)}
    printed = capsys.readouterr().out.splitlines()  # also of what other tests have offered
    assert {line for line in printed if line.startswith(("ripe ", "green ", "old "))} == {
        "green to to-1: summary-1",
        "ripe to to-1: summary-1",
    }
    (accepted,), (rejected,) = answers(address, "ripe"), answers(address, "green")
    assert (accepted["type"], accepted["reason"], accepted["actor"]) == (
        "handoff_accepted", "calling today", "kim",
    )  # fmt: skip
    assert (rejected["type"], rejected["reason"], rejected["handoff"]) == (
        "handoff_rejected", "too early", "of-green",
    )  # fmt: skip
    assert answers(address, "old") == []


def test_a_hand_off_whose_handling_raised_comes_again_and_its_answer_counts_once(
    address: str, client: Client, unique: Callable[[str], str]
) -> None:
    contact, group = unique("contact"), unique("crm")
    offer(address, (contact, 1, "offered"), (contact, 1, "reminded"))

    def handle(*, fail: bool = False, idle: float = 10) -> list[tuple[int, str]]:
        handled: list[tuple[int, str]] = []
        for handoff in client.subscribe_handoffs(group, idle=idle):
            if handoff.contact_id == contact:
                handled.append((handoff.sequence, handoff.action))
                handoff.accept(actor="kim")
                if fail:
                    raise ConnectionError("the CRM is down")
        return handled

    with pytest.raises(ConnectionError):
        handle(fail=True)
    assert handle() == [(1, "offered"), (2, "reminded")]
    assert handle(idle=2) == []
    ids = [event["event_id"] for event in answers(address, contact)]
    assert ids == [f"of-{contact}:{number}:handoff_accepted" for number in (1, 1, 2)]


def test_a_subscriber_that_has_to_join_anew_gets_its_partitions_again(
    address: str, client: Client, unique: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the topic gets more partitions; here its polls end in the midst of that, sooner or later."""
    monkeypatch.setattr(handoffs, "POLL_S", 0.005)
    monkeypatch.setattr(handoffs, "KafkaConsumer", partial(KafkaConsumer, metadata_max_age_ms=100))
    contact, seen = unique("contact"), Queue[Any]()

    def subscribe() -> None:
        for one in client.subscribe_handoffs(unique("crm")):
            if one.contact_id == contact:
                seen.put(one.score)

    Thread(target=subscribe, daemon=True).start()
    partitions = partition_count(address, MQL_HANDOFF.name)
    for more in range(1, 9):
        with KafkaAdminClient(bootstrap_servers=address) as admin:
            admin.create_partitions({MQL_HANDOFF.name: partitions + more})
        time.sleep(0.3)
        offer(address, (contact, more, "offered"))
        assert seen.get(timeout=30) == {"total": more}


def test_a_hand_off_that_was_never_committed_is_never_seen(
    address: str, client: Client, unique: Callable[[str], str]
) -> None:
    contact = unique("contact")
    offer(address, (contact, 1, "offered"), commit=False)
    offer(address, (contact, 2, "offered"))
    told = client.subscribe_handoffs(unique("crm"))
    first = next(one for one in told if one.contact_id == contact)
    assert (first.score, first.at, first.accept_by) == ({"total": 2}, NOON, None)


def test_many_events_are_acknowledged_together_and_kept_exactly(
    address: str, client: Client, unique: Callable[[str], str]
) -> None:
    contact = unique("contact")
    deals = [
        {"type": "deal_changed", "event_id": f"d{number}", "contact_id": contact, "occurred_at": NOON,
         "deal": "d", "stage": "open", "amount": 0.1 * 3}
        for number in range(500)
    ]  # fmt: skip
    with pytest.raises(SchemaError, match="event 1: deal_changed: amount has more than three decimals"):
        client.publish(deals)
    assert client.publish(deal | {"amount": 1200.5} for deal in deals) == 500
    found = [event for _, event in published(address, ENGAGEMENT, lambda one: one["contact_id"] == contact)]
    assert [(event["event_id"], str(event["amount"])) for event in found] == [
        (f"d{number}", "1200.500") for number in range(500)
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"occurred_at": datetime(2026, 3, 1)}, "has no time zone"),  # noqa: DTZ001 - the point
        ({"email": None}, "give contact_id, anonymous_id or email"),
        ({"minuts": 3}, "'minuts' is not known; did you mean minutes"),
        ({"minutes": float("nan")}, "nan is not a number"),
    ],
)
def test_an_event_that_cannot_be_read_is_refused_with_its_number(
    client: Client, changed: dict[str, Any], reason: str
) -> None:
    event = {"type": "webinar_attended", "event_id": "e", "email": "a@x.example", "occurred_at": NOON,
             "webinar": "w", "minutes": 30}  # fmt: skip
    with pytest.raises(SchemaError, match=f"event 2: .*{reason}"):
        client.publish([event, event | changed])


def test_a_wrong_address_is_told_with_the_remedy() -> None:
    with pytest.raises(LifecycleError, match=r"127\.0\.0\.1:1 .*BOOTSTRAP_SERVERS"):
        Client("127.0.0.1:1")
