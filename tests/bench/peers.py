"""`scripts/bench peers`: the engine beside other stream processors, all running one fold on one broker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

PEERS = ("faust/memory-alo", "quix/rocksdb-eos", "kstreams/memory-1t-eos")


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--peers", "folder", envvar="PEERS", required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--work-dir", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.argument("more", nargs=-1, type=click.UNPROCESSED)
def peers(folder: Path, work_dir: Path, more: tuple[str, ...]) -> None:
    """Run the peers' benchmark with our adapter. MORE goes to its driver (`--repeat 3`, `--bootstrap ...`).

    PEERS is the benchmark's folder; its setup.sh must have been run for the work directory.
    """
    adapter = f"stageline/memory=env PEERS={folder} {sys.executable} -m tests.bench.adapter"
    driver = [
        str(work_dir / "venv-core/bin/python"),
        str(folder / "run_peers.py"),
        "--work-dir",
        str(work_dir),
    ]
    chosen = ["--peers", *PEERS, "--adapter", adapter, "--adapter-events", "200000"]
    ended = subprocess.run([*driver, *chosen, *more], env=os.environ, check=False)
    sys.exit(ended.returncode)
