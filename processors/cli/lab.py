"""`stageline lab`: what other values in a lifecycle file would have brought, over recorded history."""

from __future__ import annotations

import csv
import json
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from processors.cli.archive_work import archive_work
from processors.cli.live_history import live_work
from processors.cli.log import (
    Refusals,
    allow_rejects_option,
    end,
    history_or_live_option,
    jobs_option,
    progress,
    recorded_option,
    resume_option,
)
from processors.cli.when import When, iso
from processors.lab.archived import ArchivedFindings, take_changes
from processors.lab.evaluation import Evaluation, target_stage
from processors.lab.variants import make_variants
from processors.lab.vary import combinations, read_vary
from processors.replay.log_files import open_log
from processors.replay.parts import part_files
from processors.replay.sources import is_archive
from schemas.errors import LifecycleError
from schemas.times import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processors.lab.findings import Findings
    from processors.lab.variants import Variant

    Told = dict[str, Any]


@click.command()
@click.argument("file")
@click.option("--vary", "written", multiple=True, metavar="PATH=VALUES",
              help="A value of the file and what to try for it: 3..8, '7d..28d step 7d', or a,b,c. "
                   "Repeatable: every combination is tried.")  # fmt: skip
@history_or_live_option
@click.option("--live", is_flag=True, help="Instead of --events: the running system's own log.")
@click.option("--stage", help="The stage that is judged. Default: the first with a hand-off.")
@click.option("--within", "horizon", type=click.IntRange(1, 3_650), default=90, show_default=True,
              metavar="DAYS", help="A deal won so many days after a hand-off counts for it.")  # fmt: skip
@click.option("--as-of", type=When(), help="Advance all clocks to this time. Default: the last event.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "csv", "json")),
    default="table",
    help="How to print it.",
    show_default=True,
)
@allow_rejects_option
@recorded_option
@jobs_option
@resume_option
def lab(file: str, written: tuple[str, ...], events: str | None, **options: Any) -> None:  # noqa: ANN401 - the options above
    """Try other values in FILE (a path or a preset) on history: a log in one pass, an archive once each.

    \b
    stageline lab acme.yaml --vary 'scores.interest.rules.views.points=1..5' \\
      --vary 'stages.mql.enter.any[1].score.interest.gte=20,25,30' --events log.ndjson

    Prints for the file as it is and for each combination: MQLs per day, precision and recall against deals
    won later, lead time, hand-offs. In lists a PATH names items by their id, others by number from 0.
    """  # noqa: D301 - click's mark for a paragraph that is not wrapped
    variants = make_variants(file, combinations([read_vary(one) for one in written]))
    stage = target_stage(variants[0].plan, options["stage"])
    if options["live"] == (events is not None):
        raise click.UsageError("Give --events, or --live.")
    in_file = events is not None and not is_archive(events)
    if options["resume"] and (in_file or options["live"]):
        raise LifecycleError("--resume is for an archive: `stageline archive` makes one.")
    if len(variants) > 1:
        how = "in one pass" if in_file else "that each replay the log"
        click.echo(f"{len(variants)} variants {how}, the file as it is among them.", err=True)
    evaluate = _evaluate_file if in_file else _evaluate_archive
    told = evaluate(variants, stage, events or "", options)
    _PRINTERS[options["form"]](told)
    end(told["refused"], allowed=options["allow_rejects"])


def _evaluate_file(variants: Sequence[Variant], stage: str, events: str, options: dict[str, Any]) -> Told:
    with open_log(events) as log:
        evaluation = Evaluation(variants, stage, log, recorded=options["recorded"])
        with progress(log, evaluation) as watch:
            for _event in watch(evaluation.run(Refusals(), options["as_of"])):
                pass
    return _told(evaluation, options["horizon"])


def _evaluate_archive(variants: Sequence[Variant], stage: str, events: str, options: dict[str, Any]) -> Told:
    """Evaluate an archive, the topic, or, without `events`, what the workers have decided about."""
    with ExitStack() as stack:
        if options["live"]:
            work, _snapshot = stack.enter_context(live_work(jobs=options["jobs"]))
        else:
            purpose = f"lab of {stage}"  # of another stage other changes count
            work = stack.enter_context(
                archive_work(events, jobs=options["jobs"], resume=options["resume"], purpose=purpose)
            )
        work.passes = 1 + len(variants)
        findings = ArchivedFindings(variants, stage, work.archive)
        findings.survey(work.seen)
        work.end_pass()
        findings.last = findings.last if options["as_of"] is None else options["as_of"]
        for variant, calls in zip(variants, findings.calls, strict=True):
            job, _tally = work.replay(variant.plan, as_of=findings.last, anew=True, changes=True)
            for path in part_files(job, "changes", work.archive.manifests):
                take_changes(calls, path)
        return _told(findings, options["horizon"])


def _told(findings: Findings, horizon: int) -> Told:
    plan, outcomes = findings.variants[0].plan, findings.outcomes(horizon * DAY_MS)
    return {
        "lifecycle": f"{plan.id}@{plan.version}",
        "stage": findings.stage,
        "within_days": horizon,
        "events": findings.events,
        "refused": findings.refused,
        "first": findings.first,
        "last": findings.last,
        "variants": [
            {
                "settings": dict(variant.settings),
                "as_it_is": not index,
                "plan_hash": variant.plan.plan_hash,
                **found,
            }
            for index, (variant, found) in enumerate(zip(findings.variants, outcomes, strict=True))
        ],
    }


def _as_json(told: Told) -> None:
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _as_csv(told: Told) -> None:
    """Write a line for each variant; a figure that has nothing to be computed of is empty."""
    names = _names(told)
    figures = [name for name in told["variants"][0] if name not in {"settings", "by_day"}]
    writer = csv.writer(sys.stdout)
    writer.writerow([*names, *figures])
    for one in told["variants"]:
        writer.writerow([*one["settings"].values(), *(one[name] for name in figures)])


def _as_table(told: Told) -> None:
    names = _names(told)
    title = f"{told['lifecycle']}: {told['stage']}, won within {told['within_days']} days"
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table("", *map(_short, names), title=title, title_justify="left")
    for name in ("MQLs", "per day", "precision", "recall", "lead time", "p90", "hand-offs"):
        table.add_column(name, justify="right")
    for one in told["variants"]:
        mark = "as it is" if one["as_it_is"] else ""
        table.add_row(mark, *map(escape, one["settings"].values()), *_figures(one))
    console.print(table)
    span = f" from {iso(told['first'])} to {iso(told['last'])}" if told["events"] else ""
    refused = f", {told['refused']:,} refused" if told["refused"] else ""
    console.print(f"{told['events']:,} events{span}{refused}", highlight=False)


def _figures(one: Told) -> tuple[str, ...]:
    return (
        f"{one['mqls']:,}",
        f"{one['mqls_per_day']:.2f}",
        _share(one["precision"], one["won"], one["judged"]),
        _share(one["recall"], one["foreseen"], one["won_contacts"]),
        _days(one["lead_days_median"]),
        _days(one["lead_days_p90"]),
        f"{one['handoffs']:,}",
    )


def _share(share: float | None, part: int, whole: int) -> str:
    return "—" if share is None else f"{share:.1%} ({part:,}/{whole:,})"


def _days(days: float | None) -> str:
    return "—" if days is None else f"{days:.1f} d"


def _names(told: Told) -> list[str]:
    return list(told["variants"][0]["settings"])


def _short(name: str) -> str:
    """Cut a path to its end: enough to tell which one, when there are few."""
    return ".".join(name.split(".")[-2:])


_PRINTERS: dict[str, Callable[[Told], None]] = {"table": _as_table, "csv": _as_csv, "json": _as_json}
