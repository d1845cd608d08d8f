"""`scripts/mutants`: put each bug of tests/mutants into a copy of the project; see which check catches it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests.mutants.mutant import CHECKS, Mutant, all_mutants, catches, plant

SHOWN = 110  # characters of a complaint


@click.command()
@click.argument("names", nargs=-1)
@click.option("--up-to", type=click.Choice(list(CHECKS)), default="integration", show_default=True)
def main(names: tuple[str, ...], up_to: str) -> None:
    """Try all mutants, or those named; one JSON line each, the sum last. Exit 1 if one is not caught."""
    allowed = list(CHECKS)[: list(CHECKS).index(up_to) + 1]
    chosen = [one for one in all_mutants() if (not names or one.name in names) and one.caught_by in allowed]
    survived = [mutant.name for mutant in chosen if not _try(mutant, allowed)]
    click.echo(json.dumps({"mutants": len(chosen), "survived": survived}))
    sys.exit(bool(survived))


def _try(mutant: Mutant, allowed: list[str]) -> bool:
    started = time.monotonic()
    with TemporaryDirectory(prefix="stageline-mutant-") as folder:
        plant(mutant, Path(folder))
        found = ((check, catches(check, Path(folder))) for check in _order(mutant, allowed))
        check, complaint = next(((check, said) for check, said in found if said), (None, None))
    click.echo(
        json.dumps(
            {
                "mutant": mutant.name,
                "caught_by": check,
                "seconds": round(time.monotonic() - started, 1),
                "complaint": complaint and complaint[:SHOWN],
            }
        )
    )
    return check is not None


def _order(mutant: Mutant, allowed: list[str]) -> list[str]:
    """The check that is known to catch it comes first; then the others, cheapest first."""
    return sorted(allowed, key=lambda check: check != mutant.caught_by)


if __name__ == "__main__":
    main()
