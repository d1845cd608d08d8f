"""`scripts/bench product`: `stageline worker` itself on the stream of the peers' benchmark.

The same events in Stageline's own records, the same criteria as a lifecycle file, intake included: twice
through Kafka. Outputs and states are compared with a fold of contact-events by the reference.
"""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from processors.topic_admin import ensure_topics
from schemas.codec import encode
from schemas.events import HEADER
from schemas.topics import ENGAGEMENT
from tests.bench import figures
from tests.bench.servers import STAGELINE, broker
from tests.bench.throughput import measure
from tests.builders.kafka import make_producer
from tests.chaos.lifecycle import LifecycleSubject

if TYPE_CHECKING:
    from collections.abc import Iterator

LIFECYCLE = Path(__file__).with_name("peers.yaml")
CONTACTS, ZIPF, SEED = 100_000, 0.9, 1  # as the peers' driver has them

MOST_QUEUED = 50_000  # the client refuses more than 100,000 that wait to be sent

KINDS: dict[str, tuple[str, dict[str, str | None]]] = {
    "page_view": ("page_view", {"url": "url"}),
    "product_page": ("page_view", {"url": "url"}),
    "email_open": ("email_opened", {"link": "asset"}),
    "email_click": ("email_clicked", {"link": "asset"}),
    "form_submit": ("form_submitted", {"form": "asset"}),
    "webinar": ("webinar_attended", {"webinar": "asset", "minutes": None}),
    "demo_request": ("demo_requested", {"kind": None}),
}
"""Our record for one of theirs, and from which of its fields each of ours comes."""


@click.command()
@click.option(
    "--peers", "folder", envvar="PEERS", required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--events", default=200_000, show_default=True)
@click.option("--count", "worker_count", default=1, show_default=True, help="Workers.")
@figures.as_json
def product(folder: Path, events: int, worker_count: int, *, as_json: bool) -> None:
    """Run the product itself on the peers' stream. PEERS is the benchmark's folder."""
    sent = list(_events(_workload(folder), events))
    with broker(fresh=True) as bootstrap:
        ensure_topics(bootstrap)
        producer = make_producer(bootstrap)
        for key, value in sent:
            producer.produce(ENGAGEMENT.name, value, key)
            while len(producer) >= MOST_QUEUED:
                producer.poll(0.1)
        producer.flush()
        program = ("/usr/bin/env", f"STAGELINE_LIFECYCLE={LIFECYCLE}", *STAGELINE)
        found = measure(bootstrap, events, worker_count, program)
        verdict = LifecycleSubject(bootstrap, LIFECYCLE).judge(sent)
    figures.show({**found, **verdict._asdict()}, as_json=as_json)


def _workload(folder: Path) -> Any:  # noqa: ANN401 - a module
    spec = importlib.util.spec_from_file_location("workload", folder / "workload.py")
    if spec is None or spec.loader is None:
        raise click.UsageError(f"{folder} holds no workload.py: give the folder of the peers' benchmark.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _events(workload: Any, count: int) -> Iterator[tuple[bytes, bytes]]:  # noqa: ANN401 - a module
    for key, raw in workload.generate(count, CONTACTS, ZIPF, SEED):
        yield key, encode(_event(workload.decode(raw)))


def _event(row: dict[str, Any]) -> dict[str, Any]:
    """Put a row in the terms of Stageline's records."""
    event = dict.fromkeys(HEADER) | {name: row[name] for name in ("event_id", "contact_id", "occurred_at")}
    event |= {name: row[name] for name in ("source", "campaign", "company_id")}
    if row["type"] == "purchase":
        stage = "closed_won" if row["amount"] else "negotiation"
        amount = Decimal(str(row["amount"])).quantize(Decimal("0.001"))
        deal = {"deal": row["asset"], "stage": stage, "amount": amount, "currency": None}
        return event | {"type": "deal_changed", **deal}
    kind, own = KINDS[row["type"]]
    return event | {"type": kind, **{name: field and row[field] for name, field in own.items()}}
