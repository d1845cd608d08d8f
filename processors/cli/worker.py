"""`stageline worker`: admits events, decides stages, rolls companies up, until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from processors.cli.health_options import health_options
from processors.cli.live import known_plans
from processors.lifecycle_files import load_lifecycle
from processors.settings import load_settings
from processors.topic_admin import ensure_topics
from schemas.registry import Registry

if TYPE_CHECKING:
    from processors.engine.batch import Processor
    from processors.engine.shelf import Shelf
    from processors.settings import Settings
    from schemas.codec import SchemaById

PARTS = ("intake", "lifecycle", "company")


@click.command()
@click.option("--only", type=click.Choice(PARTS), help="Run one part. [default: all that are needed]")
@health_options
@click.option("--standby", is_flag=True, help="Keep warm copies of what other workers own.")
def worker(only: str | None, health_port: int | None, health_host: str, *, standby: bool) -> None:
    """Run a worker. Start as many as there are partitions; they share the work and take over from each other.

    Companies are rolled up where a definition has `company`: restart workers that ran before one came.
    With --standby each of them holds the states of all contacts, and a take-over reads the last few only.
    SIGTERM or Ctrl-C finishes what is open and leaves. Logs go to stderr.
    """
    from processors.engine.app import make_app, run  # noqa: PLC0415 - Faust takes half a second to import
    from processors.engine.pages import Health  # noqa: PLC0415 - as above

    settings = load_settings()
    load_lifecycle(settings.lifecycle)  # a file that is wrong is said before anything is made
    ensure_topics(settings.bootstrap_servers)
    processors = _processors(only, settings)
    health = None if health_port is None else Health(health_host, health_port, settings.ready_lag)
    shelf = _shelf(settings, standby=standby)
    run(make_app(processors, settings.bootstrap_servers, health, shelf, standby=standby))


def _shelf(settings: Settings, *, standby: bool) -> Shelf:
    from processors.engine.shelf import DiskShelf, MemoryShelf, WarmShelf  # noqa: PLC0415 - as above

    if settings.store == "rocksdb":
        return DiskShelf(settings.state_dir or settings.home / "state", settings.bootstrap_servers)
    return WarmShelf(settings.bootstrap_servers) if standby else MemoryShelf()


def _processors(only: str | None, settings: Settings) -> list[Processor]:
    from processors.engine.company import Companies  # noqa: PLC0415 - as above
    from processors.engine.intake import Intake  # noqa: PLC0415 - as above
    from processors.engine.lifecycle import Lifecycle  # noqa: PLC0415 - as above

    plans = known_plans(settings)
    processors: list[Processor] = []
    if only in {None, "intake"}:
        processors.append(Intake(_schema_by_id(settings)))
    if only in {None, "lifecycle"}:
        processors.append(Lifecycle(plans[0]))
    if only == "company" or (only is None and any(plan.company is not None for plan in plans)):
        processors.append(Companies())
    return processors


def _schema_by_id(settings: Settings) -> SchemaById | None:
    """Only Confluent's wire format needs a registry."""
    url = settings.schema_registry_url
    return Registry(url.get_secret_value()).record if url else None
