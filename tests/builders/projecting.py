"""A projector beside a test: topics, changes in them, and what its readers see."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic

from processors.stack.valkey import url
from projections.log import OUTPUTS
from projections.projector import Projector
from projections.store import RedisAwayError, View, connect, live_view
from projections.views.funnel import Rung, read_funnel
from schemas.codec import encode
from tests.builders.changes import HOUR, START, History
from tests.builders.views import deliver, dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.stack.server import LocalServer

PARTITIONS = 2
LADDER = (Rung(track="main", stage="lead"), Rung(track="main", stage="mql"), Rung(track="main", stage="sal"))
TOPICS = {"stage_changed": OUTPUTS[0], "segment_changed": OUTPUTS[1], "mql_handoff": OUTPUTS[2]}


@contextmanager
def projecting(broker: LocalServer, valkey: LocalServer) -> Iterator[None]:
    """Run a projector beside the test, and end it as SIGTERM would."""
    stop = Event()
    projector = Projector(bootstrap=broker.address, redis_url=url(valkey.port), ladder=LADDER, stop=stop)
    thread = Thread(target=projector.run, daemon=True)  # one that hangs keeps no test run from ending
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for a condition; a Redis that is away is waited for too."""
    end = monotonic() + seconds
    while monotonic() < end:
        try:
            if condition():
                return
        except RedisAwayError:
            pass
        sleep(0.05)
    raise AssertionError("not within the time")


def make_topics(broker: LocalServer) -> None:
    """Make the output topics, anew if there are any."""
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    old = sorted(set(admin.list_topics()) & set(OUTPUTS))
    if old:
        admin.delete_topics(old)
        until(lambda: not set(admin.list_topics()) & set(OUTPUTS))
    admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in OUTPUTS])
    admin.wait_for_topics(list(OUTPUTS))
    admin.close()


def publish(
    broker: LocalServer, changes: list[dict[str, Any]], *, transaction: str | None = "commit"
) -> None:
    """Send outputs as the engine does: keyed by contact, in a transaction."""
    producer = KafkaProducer(
        bootstrap_servers=broker.address, transactional_id="test-outputs" if transaction else None
    )
    if transaction:
        producer.init_transactions()
        producer.begin_transaction()
    for change in changes:
        producer.send(TOPICS[change["record"]], key=change["contact_id"].encode(), value=encode(change))
    producer.flush()
    if transaction == "commit":
        producer.commit_transaction()
    elif transaction == "abort":
        producer.abort_transaction()
    producer.close()


def people(number: int, start: str = "c") -> list[dict[str, Any]]:
    """So many contacts, each of which became a lead, and every second an MQL."""
    found = []
    for index in range(number):
        history = History(f"{start}{index}")
        history.enter("lead")
        history.band("cold")
        if index % 2:
            history.wait(HOUR).enter("mql")
            history.handoff("offered", f"h-{start}{index}")
        found += history.changes
    return found


def now_in(valkey: LocalServer) -> dict[str, int]:
    """Contacts by stage, as readers see them."""
    view = live_view(connect(url(valkey.port)))
    if view is None:
        return {}
    return {stage["stage"]: stage["now"] for stage in read_funnel(view.ask, START)["stages"]}


def shown(valkey: LocalServer) -> dict[str, Any]:
    """All that readers can see."""
    view = live_view(connect(url(valkey.port)))
    return dump(url(valkey.port), view) if view else {}


def expected(valkey: LocalServer, changes: list[dict[str, Any]]) -> dict[str, Any]:
    """What a view holds to which these changes were simply applied, one after the other."""
    view = View(connect(url(valkey.port)), "expected")
    view.remove()
    deliver(view, changes)
    found = dump(url(valkey.port), view)
    view.remove()
    return found


def as_expected(valkey: LocalServer, changes: list[dict[str, Any]]) -> bool:
    found = shown(valkey)
    found.pop("ladder", None)
    return found == expected(valkey, changes)
