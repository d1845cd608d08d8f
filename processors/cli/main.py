"""The `stageline` command. Each command lives in a module of this package and has a line in the table below.

A command's module is imported when the command runs: with all of them, starting would take a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from processors.cli.contact import contact
from processors.cli.dlt import dlt
from processors.cli.funnel import funnel
from processors.cli.handoffs import handoffs
from processors.cli.import_ import import_
from processors.cli.projector import projector
from processors.cli.publish import publish
from processors.cli.schema import schema
from processors.cli.stack import down, status, up
from processors.cli.tail import tail
from processors.cli.topics import topics
from processors.cli.web import web
from processors.cli.worker import worker
from schemas.errors import LifecycleError, SchemaError

# Command → module of this package that defines it under the same name (`import` as `import_`).
COMMANDS = {
    "up": "stack",
    "down": "stack",
    "status": "stack",
    "schema": "schema",
    "topics": "topics",
    "worker": "worker",
    "publish": "publish",
    "import": "import_",
    "dlt": "dlt",
    "projector": "projector",
    "contact": "contact",
    "funnel": "funnel",
    "handoffs": "handoffs",
    "tail": "tail",
}


class _Commands(click.Group):
    """Finds commands in the table; a refusal is one line on stderr and exit code 1, never a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return super().get_command(ctx, name)
        module = import_module(f"processors.cli.{COMMANDS[name]}")
        command: click.Command = getattr(module, name if hasattr(module, name) else f"{name}_")
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        try:
            return super().invoke(ctx)
        except (LifecycleError, SchemaError) as refusal:
            raise click.ClickException(str(refusal)) from refusal


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stageline", prog_name="stageline")
def main() -> None:
    """Contact lifecycles on Kafka: engagement events in, scores, stages and hand-offs out."""


main.add_command(up)
main.add_command(down)
main.add_command(status)
main.add_command(schema)
main.add_command(topics)
main.add_command(worker)
main.add_command(publish)
main.add_command(import_)
main.add_command(dlt)
main.add_command(projector)
main.add_command(contact)
main.add_command(funnel)
main.add_command(handoffs)
main.add_command(tail)
main.add_command(web)
