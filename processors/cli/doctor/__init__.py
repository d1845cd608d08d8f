"""`stageline doctor`: what is wrong with the installation, and how to mend it."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from processors.cli.doctor.examination import examine
from processors.settings import load_settings

if TYPE_CHECKING:
    from processors.cli.doctor.finding import Finding

_SIGNS = {"ok": "[green]ok     [/]", "wrong": "[red]wrong  [/]", "unknown": "[yellow]unknown[/]"}


@click.command
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding.")
def doctor(*, as_json: bool) -> None:
    """Look at packages, lifecycle, brokers, topics, groups, records, Redis and views; say how to mend them.

    Changes nothing. Exits with 1 if something is wrong.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # a refused connection becomes a finding
    console = Console(highlight=False)
    wrong = 0
    for finding in examine(load_settings()):
        wrong += finding.state == "wrong"
        if as_json:
            click.echo(json.dumps(asdict(finding)))
        else:
            _print(console, finding)
    if wrong:
        raise click.ClickException(f"{wrong} of these must be mended.")


def _print(console: Console, finding: Finding) -> None:
    console.print(f"{_SIGNS[finding.state]} {escape(finding.about)}: {escape(finding.what)}", soft_wrap=True)
    if finding.remedy:
        console.print(f"        → {escape(finding.remedy)}", soft_wrap=True)
