"""`stageline replay`: a history run through a lifecycle, without a broker unless it is still in the topic."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from processors.cli.log import (
    Refusals,
    allow_rejects_option,
    end,
    history_option,
    jobs_option,
    lifecycle_option,
    progress,
    recorded_option,
    resume_option,
)
from processors.cli.replay_archive import replay_archive
from processors.cli.when import When
from processors.cli.written_files import check_written
from processors.lifecycle_files import load_lifecycle
from processors.replay.job import state_line
from processors.replay.log_files import open_log
from processors.replay.run import Run
from processors.replay.sources import is_archive
from processors.replay.summary import Summary, Tally, as_json
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from typing import BinaryIO

    from processors.lifecycle.plan import Plan

_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@lifecycle_option
@history_option
@click.option(
    "--as-of",
    type=When(),
    help="Advance every contact's clock to this time. Default: the last event; a recorded log has its clock.",
)
@click.option("--changes", type=_file, help="Write every change to this file, one JSON object per line.")
@click.option("--states", type=_file, help="Write every contact's final state, one JSON object per line.")
@allow_rejects_option
@recorded_option
@click.option("--anew", is_flag=True, help="Let this lifecycle decide about all of a recorded log.")
@jobs_option
@resume_option
def replay(lifecycle: str, events: str, **options: Any) -> None:  # noqa: ANN401 - the options above
    """Run a history through a lifecycle and print a summary as JSON.

    The digest stands for every change of every contact: of each contact the SHA-256 of its lines as --changes
    writes them, and the sum of these. The same log and lifecycle always give the same one, from a file, the
    topic or an archive, with any number of jobs, and so does the live run.
    """
    check_written(
        {"--lifecycle": lifecycle, "--events": events},
        {"--changes": options["changes"], "--states": options["states"]},
    )
    plan, started = load_lifecycle(lifecycle), time.monotonic()
    if is_archive(events):
        tally = replay_archive(plan, events, options)
    elif options["resume"] or options["anew"]:
        raise LifecycleError("--resume and --anew are for an archive: `stageline archive` makes one.")
    else:
        tally = _replay_file(plan, events, options)
    as_of = tally.last_time if options["as_of"] is None else options["as_of"]
    click.echo(json.dumps(as_json(plan, tally, as_of), indent=2, ensure_ascii=False))
    seconds = time.monotonic() - started
    click.echo(f"{tally.events:,} events in {seconds:.1f} s ({tally.events / seconds:,.0f}/s).", err=True)
    end(tally.refused, allowed=options["allow_rejects"])


def _replay_file(plan: Plan, events: str, options: dict[str, Any]) -> Tally:
    with ExitStack() as stack:
        log = stack.enter_context(open_log(events))
        out, states = _open(stack, options["changes"]), _open(stack, options["states"])
        run, summary = Run(plan, log, recorded=options["recorded"]), Summary()
        watch = stack.enter_context(progress(log, run))
        for change in watch(run.changes(Refusals(), options["as_of"])):
            line = summary.add(change)
            if out is not None:
                out.write(line)
        summary.settle()
        if states is not None:
            for contact_id, state in run.replay.states():
                states.write(state_line(run.replay.plan_of(contact_id), state))
    return run.told(summary.tally)


def _open(stack: ExitStack, path: Path | None) -> BinaryIO | None:
    return None if path is None else stack.enter_context(path.open("wb"))
