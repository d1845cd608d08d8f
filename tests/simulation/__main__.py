"""`scripts/simulate`: run the engine's own modules on a simulated broker, network and clock, seed after seed.

The same seed gives the same run, step by step, if PYTHONHASHSEED is 0; the script sees to that.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import click

from tests.simulation.run import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.simulation.run import Outcome


@click.command()
@click.option("--seed", type=int, help="Run this one and show its faults.")
@click.option("--seeds", type=click.IntRange(1), default=1_000, show_default=True, help="How many.")
@click.option("--first", default=0, show_default=True, help="The first of them.")
@click.option("--stop-at-first", is_flag=True, help="End at the first seed that fails.")
def main(seed: int | None, seeds: int, first: int, *, stop_at_first: bool) -> None:
    """Run seeds; tell what each failing one did. The last line is JSON. Exit 1 if any failed."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        raise click.UsageError("Start it as scripts/simulate, or with PYTHONHASHSEED=0: seeds must repeat.")
    started = time.monotonic()
    wanted = range(first, first + seeds) if seed is None else range(seed, seed + 1)
    outcomes = _run(wanted, stop_at_first=stop_at_first)
    for outcome in outcomes:
        if outcome.violations or seed is not None:
            _show(outcome)
    failed = [outcome.seed for outcome in outcomes if outcome.violations]
    faults = Counter(fault.split()[1] for outcome in outcomes for fault in outcome.faults)
    figures = {
        "seeds": len(outcomes),
        "failed": failed,
        "faults": dict(faults),
        "steps": sum(outcome.steps for outcome in outcomes),
        "seconds": round(time.monotonic() - started, 1),
    }
    click.echo(json.dumps(figures))
    sys.exit(bool(failed))


def _run(wanted: Sequence[int], *, stop_at_first: bool) -> list[Outcome]:
    if len(wanted) == 1:
        return [simulate(wanted[0])]
    outcomes = []
    with ProcessPoolExecutor() as pool:
        for outcome in pool.map(simulate, wanted, chunksize=5):
            outcomes.append(outcome)
            if outcome.violations and stop_at_first:
                pool.shutdown(cancel_futures=True)
                break
    return outcomes


def _show(outcome: Outcome) -> None:
    click.echo(f"seed {outcome.seed}: {len(outcome.violations)} violations, trace {outcome.trace}", err=True)
    for title, lines in (
        ("fault", outcome.faults),
        ("ended by", outcome.ends),
        ("violation", outcome.violations),
    ):
        for line in lines:
            click.echo(f"  {title}: {line}", err=True)
    click.echo(f"  again: scripts/simulate --seed {outcome.seed}", err=True)


if __name__ == "__main__":
    main()
