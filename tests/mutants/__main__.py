"""`scripts/mutants`: put each bug of tests/mutants into a copy of the project; see which check catches it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.mutants.mutant import CHECKS, Mutant, all_mutants, catch, plant

SHOWN = 160  # characters of a complaint


@click.command()
@click.argument("names", nargs=-1)
@click.option("--up-to", type=click.Choice(list(CHECKS)), default="integration", show_default=True)
def main(names: tuple[str, ...], up_to: str) -> None:
    """Try all mutants, or those named; one JSON line each, the sum last. Exit 1 if one is not caught."""
    allowed = list(CHECKS)[: list(CHECKS).index(up_to) + 1]
    chosen = [one for one in all_mutants() if (not names or one.name in names) and one.check in allowed]
    survived = [mutant.name for mutant in chosen if not _try(mutant)]
    click.echo(json.dumps({"mutants": len(chosen), "survived": survived}))
    sys.exit(bool(survived))


def _try(mutant: Mutant) -> bool:
    started = time.monotonic()
    with TemporaryDirectory(prefix="stageline-mutant-") as folder:
        plant(mutant, Path(folder))
        complaint = catch(mutant, Path(folder))
    told = {
        "mutant": mutant.name,
        "caught_by": complaint and " ".join((mutant.check, *mutant.tests)),
        "seconds": round(time.monotonic() - started, 1),
        "complaint": complaint and complaint[:SHOWN],
    }
    click.echo(json.dumps(told))
    return complaint is not None


if __name__ == "__main__":
    main()
