"""`scripts/bench crash`: workers killed under load; the engine beside a stock Faust agent doing the same."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from processors.topic_admin import ensure_topics
from tests.bench import figures
from tests.bench.servers import broker
from tests.chaos.counting import CountingSubject
from tests.chaos.crash import PARTITIONS, crash_test
from tests.chaos.lifecycle import LifecycleSubject
from tests.chaos.stock import GUARANTEES, StockSubject

if TYPE_CHECKING:
    from tests.chaos.crash import Subject

ENGINES = ("stageline", "stageline-worker", *(f"stock-{guarantee}" for guarantee in GUARANTEES))


@click.command()
@click.option(
    "--engine",
    "engines",
    type=click.Choice(ENGINES),
    multiple=True,
    default=["stageline"],
    show_default=True,
    help="One or several, one after another.",
)
@click.option("--events", default=50_000, show_default=True)
@click.option("--kills", default=5, show_default=True)
@click.option("--seed", default=7, show_default=True)
@figures.as_json
def crash(engines: tuple[str, ...], events: int, kills: int, seed: int, *, as_json: bool) -> None:
    """Kill workers under load and compare what they wrote with a plain fold of what was sent."""
    for engine in engines:
        _crash(engine, events, kills, seed, as_json=as_json)


def _crash(engine: str, events: int, kills: int, seed: int, *, as_json: bool) -> None:
    logs = Path(mkdtemp(prefix="stageline-crash-"))
    click.echo(f"Workers' logs: {logs}", err=True)
    with broker() as bootstrap:
        subject = _subject(engine, bootstrap)
        report = crash_test(subject, bootstrap, logs, events=events, kills=kills, seed=seed)._asdict()
    figures.show({"engine": engine, **report}, as_json=as_json)


def _subject(engine: str, bootstrap: str) -> Subject:
    prefix = f"crash-{uuid4().hex[:8]}"
    if engine == "stageline-worker":
        ensure_topics(bootstrap, partitions=PARTITIONS)
        return LifecycleSubject(bootstrap)
    if engine == "stageline":
        return CountingSubject(bootstrap, prefix)
    return StockSubject(bootstrap, prefix, engine.removeprefix("stock-"))
