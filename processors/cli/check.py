"""`stageline check`: whether lifecycle files may be used, what is wrong with them, what they cost."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from processors.lifecycle.definition.cost import cost_of
from processors.lifecycle.definition.load import Loaded, load
from processors.lifecycle.definition.moves.exclusions import world_of
from processors.lifecycle.program import program_of
from processors.lifecycle.words import plural
from processors.lifecycle_files import read_lifecycle
from processors.lifecycle_lock import lock_of, publish, read_published
from processors.strict_yaml.problem import Problem
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from processors.lifecycle.definition.cost import Cost
    from processors.lifecycle.plan import Plan


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each file, on one line.")
@click.option(
    "--published",
    type=click.Path(path_type=Path),
    help="Folder or file of the versions that may not change.",
    show_default="published.json beside each file",
)
@click.option("--publish", "publishing", is_flag=True, help="Record the checked versions as published.")
def check(files: tuple[str, ...], published: Path | None, *, as_json: bool, publishing: bool) -> None:
    """Check lifecycle files: paths, or names of presets.

    Exit code 1 if any is refused; each problem has its place and what to write instead. What a file costs is
    printed for those that pass.
    """
    read = _loaded_or_said_why_not if as_json else _loaded
    results = [(_lock(file, published), read(file, published)) for file in files]
    for _, loaded in results:
        _print_json(loaded) if as_json else _print(loaded)
    problems = sum(len(loaded.problems) for _, loaded in results)
    if problems:
        click.echo(f"{problems} problem{'s' if problems > 1 else ''}.", err=True)
        click.get_current_context().exit(1)
    if publishing:
        for lock, loaded in results:
            _publish(lock, loaded)


def _lock(file: str, published: Path | None) -> Path:
    return lock_of(published if published is not None else Path(file).parent)


def _loaded(file: str, published: Path | None) -> Loaded:
    name, data = read_lifecycle(file)
    return load(data, name, read_published(_lock(file, published)))


def _loaded_or_said_why_not(file: str, published: Path | None) -> Loaded:
    """Do as `_loaded` does; what cannot be read at all is a problem of the file, at its beginning."""
    try:
        return _loaded(file, published)
    except LifecycleError as refusal:
        problem = Problem(line=1, column=1, message=str(refusal), remedy="")
        return Loaded(name=file, text="", lifecycle=None, plan=None, problems=(problem,))


def _publish(lock: Path, loaded: Loaded) -> None:
    if loaded.plan is not None:
        publish(lock, {f"{loaded.plan.id}@{loaded.plan.version}": loaded.plan.plan_hash})
        click.echo(f"{loaded.plan.id}@{loaded.plan.version} is published in {lock}.", err=True)


def _print_json(loaded: Loaded) -> None:
    plan = loaded.plan
    told: dict[str, Any] = {"file": loaded.name, "ok": plan is not None}
    if plan is not None:
        told |= {"id": plan.id, "version": plan.version}
        told |= {"plan_hash": plan.plan_hash, "shape_hash": plan.shape_hash}
        told["cost"] = asdict(_cost(loaded, plan))
    told["problems"] = [asdict(problem) for problem in loaded.problems]
    click.echo(json.dumps(told, ensure_ascii=False))


def _print(loaded: Loaded) -> None:
    if loaded.plan is None:
        click.echo(loaded.report, err=True)
    else:
        click.echo("\n".join(_summary(loaded, loaded.plan)))


def _summary(loaded: Loaded, plan: Plan) -> list[str]:
    cost = _cost(loaded, plan)
    scores = f"{plural(len(plan.scores), 'score')} of {plural(len(plan.rules), 'rule')}"
    parts = f"{plural(len(plan.segments), 'segment')}, {plural(len(plan.behaviours), 'behaviour')}"
    most = f"{cost.busiest_event} {cost.tests} and {cost.accumulators}"
    mean = f"{cost.mean_tests} tests and changes {cost.mean_accumulators} accumulators"
    return [
        f"{loaded.name}: {plan.id}@{plan.version} is all right",
        f"  plan {plan.plan_hash}",
        f"  shape {plan.shape_hash}",
        f"  {plural(len(plan.stages), 'stage')}, {scores}, {parts}",
        f"  an event meets {mean} on average, {most}",
        f"  a contact with 20 events takes {cost.state_typical:,} bytes, at most {cost.state_worst:,}",
        *([f"  {_companies(plan)}"] if plan.company is not None else ()),
    ]


def _companies(plan: Plan) -> str:
    """Say what a company's stage follows from."""
    active = plan.company is not None and plan.company.stage == "max_of_active_contacts"
    said = f"a company is as far as its furthest {'active ' if active else ''}contact"
    memberships = program_of(plan).memberships
    held = {way.stage for way in memberships.floors} if memberships is not None else set()
    names = [plan.stages[stage].id for stage in plan.tracks[0].stages if stage in held]
    return f"{said}; deals alone hold it at {' or '.join(names)}" if names else said


def _cost(loaded: Loaded, plan: Plan) -> Cost:
    if loaded.lifecycle is None:
        raise ValueError(f"{loaded.name} has a plan without a lifecycle")
    return cost_of(world_of(loaded.lifecycle, plan))
