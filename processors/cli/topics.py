"""`stageline topics`: create, check and repair the topics that Stageline needs."""

from __future__ import annotations

import click

from processors.settings import load_settings
from processors.topic_admin import administering, create_missing, find_problems, repair
from schemas.errors import LifecycleError
from schemas.topics import ALL, PARTITIONS


@click.group()
def topics() -> None:
    """Create, check or repair the Kafka topics."""


@topics.command()
@click.option("--partitions", default=PARTITIONS, show_default=True, type=click.IntRange(1))
@click.option(
    "--copies", type=click.IntRange(1), help="Replication factor. [default: 3, or 1 with fewer brokers]"
)
def create(partitions: int, copies: int | None) -> None:
    """Create the topics that are missing; print their names."""
    with administering(load_settings().bootstrap_servers) as admin:
        created = create_missing(admin, partitions, copies)
    for name in created:
        click.echo(name)
    click.echo(f"{len(created)} created, {len(ALL) - len(created)} were there.", err=True)


@topics.command()
def check() -> None:
    """Say what is not as it must be; exit 1 if anything is not."""
    with administering(load_settings().bootstrap_servers) as admin:
        problems = find_problems(admin)
    if problems:
        raise LifecycleError("\n".join(problems))
    click.echo(f"{len(ALL)} topics are as they must be.", err=True)


@topics.command(name="repair")
def repair_() -> None:
    """Set the settings of existing topics right; print the names of those changed."""
    with administering(load_settings().bootstrap_servers) as admin:
        for name in repair(admin):
            click.echo(name)
