"""`stageline worker`: admits events and decides stages, until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from processors.settings import load_settings
from processors.topic_admin import ensure_topics
from schemas.registry import Registry

if TYPE_CHECKING:
    from processors.engine.batch import Processor
    from processors.settings import Settings
    from schemas.codec import SchemaById


@click.command()
@click.option("--only", type=click.Choice(["intake", "lifecycle"]), help="Run one half. [default: both]")
@click.option(
    "--health-port", type=click.IntRange(0, 65535), help="Serve /healthz there. [default: not served]"
)
@click.option("--health-host", default="127.0.0.1", show_default=True)
def worker(only: str | None, health_port: int | None, health_host: str) -> None:
    """Run a worker. Start as many as there are partitions; they share the work and take over from each other.

    SIGTERM or Ctrl-C finishes what is open and leaves. Logs go to stderr.
    """
    from processors.engine.app import Health, make_app, run  # noqa: PLC0415 - Faust takes half a second to import

    settings = load_settings()
    ensure_topics(settings.bootstrap_servers)
    health = None if health_port is None else Health(health_host, health_port)
    run(make_app(_processors(only, settings), settings.bootstrap_servers, health))


def _processors(only: str | None, settings: Settings) -> list[Processor]:
    from processors.engine.intake import Intake  # noqa: PLC0415 - as above

    del only  # the lifecycle half comes with the core
    return [Intake(_schema_by_id(settings))]


def _schema_by_id(settings: Settings) -> SchemaById | None:
    """Only Confluent's wire format needs a registry."""
    url = settings.schema_registry_url
    return Registry(url.get_secret_value()).record if url else None
