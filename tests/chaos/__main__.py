"""`scripts/chaos`: strike the running system at random and hold what it wrote against what was sent."""

from __future__ import annotations

import json
import logging
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp

import click

from tests.chaos.campaign import attack
from tests.chaos.strikes import STRIKES

log = logging.getLogger(__name__)


@click.command()
@click.option(
    "--minutes", default=10.0, show_default=True, help="Ends after the round in which they are over."
)
@click.option("--max-faults", default=10_000, show_default=True, help="Ends after the round that reaches it.")
@click.option("--seed", default=1, show_default=True, help="Decides traffic and order of the faults.")
@click.option("--faults", default=",".join(STRIKES), help="Which, by comma. [default: all]")
def main(minutes: float, max_faults: int, seed: int, faults: str) -> None:
    """Run and strike a system of its own. The last line is JSON; exit 1 if anything is not as it should."""
    kinds = faults.split(",")
    if unknown := set(kinds) - STRIKES.keys():
        raise click.UsageError(f"No fault {', '.join(sorted(unknown))}. There are: {', '.join(STRIKES)}.")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    for noisy in ("kafka", "aiokafka"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # and so stops what it started
    home = Path(mkdtemp(prefix="stageline-chaos-"))
    log.info("Logs of every process: %s", home)
    figures = attack(home, seed=seed, kinds=kinds, seconds=minutes * 60, faults=max_faults)
    click.echo(json.dumps(asdict(figures)))
    sys.exit(figures.broken)


if __name__ == "__main__":
    main()
