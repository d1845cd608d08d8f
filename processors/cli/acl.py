"""`stageline acl`: the rights on Kafka that each role needs."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processors.access_list import Right


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per right.")
@click.option("--commands", is_flag=True, help="One kafka-acls.sh line per right, to look through and run.")
@click.option("--sales-group", default="crm", show_default=True, help="The sales tooling's consumer group.")
def acl(sales_group: str, *, as_json: bool, commands: bool) -> None:
    """Print the rights on Kafka that each role needs. It asks no broker and changes nothing."""
    from processors.access_list import all_rights  # noqa: PLC0415 - aiokafka takes a while to import

    if as_json and commands:
        raise click.UsageError("Either --json or --commands.")
    rights = all_rights(sales_group)
    if as_json:
        for right in rights:
            click.echo(json.dumps(asdict(right)))
    elif commands:
        for right in rights:
            click.echo(command(right))
    else:
        _print(rights)


def command(right: Right) -> str:
    """Return the line for Kafka's own tool; who connects is called `stageline-ROLE` there."""
    words = ["--add", "--allow-principal", f"User:stageline-{right.role}"]
    for operation in right.operations:
        words += ["--operation", operation]
    words.append(f"--{right.kind}")
    if right.kind != "cluster":
        words.append(right.name)
    if right.prefixed:
        words += ["--resource-pattern-type", "prefixed"]
    return f'kafka-acls.sh --bootstrap-server "$BOOTSTRAP_SERVERS" {shlex.join(words)}'


def _print(rights: Iterable[Right]) -> None:
    """Print one table a role; a name cut short could not be granted, so names are never wrapped."""
    console = Console(highlight=False)
    for role, granted in groupby(rights, key=attrgetter("role")):
        table = Table(
            Column(role, no_wrap=True), Column("name", no_wrap=True), "may", box=None, pad_edge=False
        )
        for right in granted:
            name = f"{right.name}*" if right.prefixed else right.name
            table.add_row(right.kind, name, ", ".join(right.operations))
        console.print(table)
        console.print()
