"""`scripts/fuzz`: hostile input by libFuzzer (atheris), or by hypothesis where atheris is not to be had."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from rich.console import Console

from processors.stack.valkey import url, valkey_server
from tests.fuzz.checks import PURE
from tests.fuzz.seeds import seeds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGETS = (*PURE, "http")
# An input that takes longer than 10 s hangs; the largest presets have some 10 kB.
ALWAYS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=16384", "-print_final_stats=1", "-verbosity=0")
DONE = re.compile(r"stat::number_of_executed_units: (\d+)")


@click.command()
@click.argument("targets", nargs=-1, type=click.Choice(TARGETS))
@click.option("--inputs", type=click.IntRange(1), default=150_000, show_default=True, help="Of each target.")
@click.option("--seconds", type=click.IntRange(1), default=300, show_default=True, help="For each target.")
@click.option("--seed", type=click.IntRange(1), default=1, show_default=True, help="Decides the inputs.")
@click.option(
    "--kept", type=click.Path(path_type=Path), default=Path("fuzz"), help="Where failing inputs go."
)
def main(targets: tuple[str, ...], inputs: int, seconds: int, seed: int, kept: Path) -> None:
    """Try inputs on TARGETS (all without any), until --inputs or --seconds. The last line is JSON.

    Exit 1 if something was found: it crashed, hung, was accepted silently or not kept. Run it again with the
    input that is kept: python -m tests.fuzz.one TARGET FILE.
    """
    if find_spec("atheris") is None:
        raise click.UsageError(
            "atheris is not installed: pip install -e '.[fuzz]' (Linux, Python 3.11 to 3.13). Without it:"
            " HYPOTHESIS_PROFILE=search pytest tests/fuzz"
        )
    started, tried, failed = time.monotonic(), {}, []
    options = (f"-runs={inputs}", f"-max_total_time={seconds}", f"-seed={seed}")
    with _redis() as redis_url:
        for target in targets or TARGETS:
            tried[target], found = _fuzz(target, options, redis_url, kept)
            failed += [target] if found else []
            click.echo(f"{target}: {tried[target]:,} inputs{', FOUND SOMETHING' if found else ''}", err=True)
    total, took = sum(tried.values()), round(time.monotonic() - started)
    click.echo(json.dumps({"inputs": total, "by_target": tried, "failed": failed, "seconds": took}))
    sys.exit(bool(failed))


def _fuzz(target: str, options: tuple[str, ...], redis_url: str, kept: Path) -> tuple[int, bool]:
    """Run one target; return how many inputs it tried, and whether one failed."""
    with TemporaryDirectory(prefix="stageline-fuzz-") as folder:
        for number, seed in enumerate(seeds_of(target)):
            Path(folder, f"seed-{number}").write_bytes(seed)
        kept.mkdir(exist_ok=True)
        options = (*options, f"-artifact_prefix={kept}/{target}-", folder)
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.one", target, *ALWAYS, *options],
            env={"REDIS_URL": redis_url, "TMPDIR": folder},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    count = DONE.search(done.stderr)
    found = done.returncode != 0 or count is None
    if found:
        click.echo(done.stdout + done.stderr, err=True)
    return int(count[1]) if count else 0, found


@contextmanager
def _redis() -> Iterator[str]:
    """A Valkey of our own: the page's views are in it."""
    with TemporaryDirectory(prefix="stageline-fuzz-") as home:
        server = valkey_server(Path(home), Console(quiet=True))
        server.start()
        try:
            yield url(server.port)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
