"""The `stageline` command. Each command lives in a module of this package and has a line in the table below.

A command's module is imported when the command runs: with all of them, starting would take a second.
"""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from io import TextIOWrapper
from os import PathLike, fsdecode
from typing import Any

import click

from processors.logs import hush_clients
from schemas.errors import LifecycleError, SchemaError

# Command → module of this package that defines it under the same name (`import` as `import_`).
COMMANDS = {
    "up": "stack",
    "down": "stack",
    "status": "stack",
    "check": "check",
    "explain": "explain",
    "schema": "schema",
    "topics": "topics",
    "worker": "worker",
    "publish": "publish",
    "replay": "replay",
    "why": "why",
    "diff": "diff",
    "promote": "promote",
    "rollback": "promote",
    "generations": "generations",
    "archive": "archive",
    "lab": "lab",
    "import": "import_",
    "dlt": "dlt",
    "projector": "projector",
    "contact": "contact",
    "personal": "personal",
    "funnel": "funnel",
    "sources": "sources",
    "companies": "companies",
    "company": "company",
    "handoffs": "handoffs",
    "tail": "tail",
    "web": "web",
    "doctor": "doctor",
    "acl": "acl",
}

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # told by writing, which does not name the file


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
        except OSError as error:
            if (told := _told(error)) is None:
                raise
            raise click.ClickException(told) from error


def _told(error: OSError) -> str | None:
    """Say what a person can mend, a file or a full disk; None for anything else: that stays what it is."""
    if error.errno in FULL:
        return f"{error.strerror}: make room, then run this again."
    if isinstance(error.filename, str | bytes | PathLike):
        return f"{fsdecode(error.filename)}: {error.strerror}."
    return None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stageline", prog_name="stageline")
def main() -> None:
    """Contact lifecycles on Kafka: engagement events in, scores, stages and hand-offs out."""
    hush_clients()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # where arrows and ticks cannot be shown, their numbers are
            stream.reconfigure(errors="backslashreplace")
