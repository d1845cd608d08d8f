"""`stageline replay`: a file of events run through a lifecycle, without a broker."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from processors.cli.log import Refusals, events_option, lifecycle_option, progress, recorded_option
from processors.cli.when import When
from processors.lifecycle import describe
from processors.lifecycle_files import load_lifecycle
from processors.replay.log_files import open_log
from processors.replay.run import Run
from processors.replay.summary import Summary

if TYPE_CHECKING:
    from typing import BinaryIO

    from processors.lifecycle.plan import Plan

_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@lifecycle_option
@events_option
@click.option(
    "--as-of", type=When(), help="Advance every contact's clock to this time. Default: the last event."
)
@click.option("--changes", type=_file, help="Write every change to this file, one JSON object per line.")
@click.option("--states", type=_file, help="Write every contact's final state, one JSON object per line.")
@click.option("--allow-rejects", is_flag=True, help="Exit with 0 although lines were refused.")
@recorded_option
def replay(lifecycle: str, events: str, **options: Any) -> None:  # noqa: ANN401 - the options above
    """Run a file of events through a lifecycle and print a summary as JSON.

    The digest is the SHA-256 of all changes as --changes writes them: the same log and lifecycle always
    give the same one.
    """
    plan, started = load_lifecycle(lifecycle), time.monotonic()
    with ExitStack() as stack:
        log = stack.enter_context(open_log(events))
        out = _open(stack, options["changes"])
        run, summary = Run(plan, log, recorded=options["recorded"]), Summary(plan)
        watch = stack.enter_context(progress(log, run))
        for change in watch(run.changes(Refusals(), options["as_of"])):
            line = summary.add(change)
            if out is not None:
                out.write(line)
    if options["states"] is not None:
        _write_states(options["states"], plan, run)
    as_of = run.last_time if options["as_of"] is None else options["as_of"]
    told = summary.as_json(run, as_of)
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    seconds = time.monotonic() - started
    click.echo(f"{run.events:,} events in {seconds:.1f} s ({run.events / seconds:,.0f}/s).", err=True)
    sys.exit(int(run.refused > 0 and not options["allow_rejects"]))


def _open(stack: ExitStack, path: Path | None) -> BinaryIO | None:
    return None if path is None else stack.enter_context(path.open("wb"))


def _write_states(path: Path, plan: Plan, run: Run) -> None:
    with path.open("w", encoding="utf-8") as out:
        for _contact_id, state in run.replay.states():
            out.write(json.dumps(describe(plan, state), ensure_ascii=False, default=str) + "\n")
