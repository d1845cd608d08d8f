"""`stageline worker`: admits events and decides stages, until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from processors.cli.health_options import health_options
from processors.cli.live import first_plan
from processors.lifecycle_files import load_lifecycle
from processors.settings import load_settings
from processors.topic_admin import ensure_topics
from schemas.registry import Registry

if TYPE_CHECKING:
    from processors.engine.batch import Processor
    from processors.engine.shelf import Shelf
    from processors.settings import Settings
    from schemas.codec import SchemaById

HALVES = ("intake", "lifecycle")


@click.command()
@click.option("--only", type=click.Choice(HALVES), help="Run one half. [default: both]")
@health_options
@click.option("--standby", is_flag=True, help="Keep warm copies of what other workers own.")
def worker(only: str | None, health_port: int | None, health_host: str, *, standby: bool) -> None:
    """Run a worker. Start as many as there are partitions; they share the work and take over from each other.

    With --standby each of them holds the states of all contacts, and a take-over reads the last few only.
    SIGTERM or Ctrl-C finishes what is open and leaves. Logs go to stderr.
    """
    from processors.engine.app import make_app, run  # noqa: PLC0415 - Faust takes half a second to import
    from processors.engine.pages import Health  # noqa: PLC0415 - as above

    settings = load_settings()
    load_lifecycle(settings.lifecycle)  # a file that is wrong is said before anything is made
    ensure_topics(settings.bootstrap_servers)
    processors = _processors(HALVES if only is None else (only,), settings)
    health = None if health_port is None else Health(health_host, health_port, settings.ready_lag)
    shelf = _shelf(settings, standby=standby)
    run(make_app(processors, settings.bootstrap_servers, health, shelf, standby=standby))


def _shelf(settings: Settings, *, standby: bool) -> Shelf:
    from processors.engine.shelf import DiskShelf, MemoryShelf, WarmShelf  # noqa: PLC0415 - as above

    if settings.store == "rocksdb":
        return DiskShelf(settings.state_dir or settings.home / "state", settings.bootstrap_servers)
    return WarmShelf(settings.bootstrap_servers) if standby else MemoryShelf()


def _processors(halves: tuple[str, ...], settings: Settings) -> list[Processor]:
    from processors.engine.intake import Intake  # noqa: PLC0415 - as above
    from processors.engine.lifecycle import Lifecycle  # noqa: PLC0415 - as above

    processors: list[Processor] = []
    if "intake" in halves:
        processors.append(Intake(_schema_by_id(settings)))
    if "lifecycle" in halves:
        processors.append(Lifecycle(first_plan(settings)))
    return processors


def _schema_by_id(settings: Settings) -> SchemaById | None:
    """Only Confluent's wire format needs a registry."""
    url = settings.schema_registry_url
    return Registry(url.get_secret_value()).record if url else None
