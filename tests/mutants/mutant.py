"""A mutant: a plausible bug as a patch, and the check that catches it.

A patch begins with one line that says what is wrong, and one that names the check: `simulation`, or `unit` or
`integration` and the file of tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NOT_COPIED = shutil.ignore_patterns("__pycache__", "target")
TREE = ("processors", "projections", "schemas", "tests", "pyproject.toml")
SEEDS = 400  # of the simulation: the shyest mutant shows within about 310
# From the cheapest check to the dearest.
CHECKS = {
    "simulation": ["-m", "tests.simulation", "--seeds", str(SEEDS), "--stop-at-first"],
    "unit": ["-m", "pytest", "-qx"],
    "integration": ["-m", "pytest", "-qx"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`check`: a key of `CHECKS`. `tests`: the file that it is run on; the simulation needs none."""

    name: str
    what: str
    check: str
    tests: tuple[str, ...]
    patch: Path


def all_mutants() -> Iterator[Mutant]:
    """Read the patches beside this file."""
    for patch in sorted(Path(__file__).parent.glob("*.patch")):
        what, caught_by, *_ = patch.read_text(encoding="utf-8").splitlines()
        check, *tests = caught_by.removeprefix("Caught by: ").split()
        yield Mutant(name=patch.stem, what=what, check=check, tests=tuple(tests), patch=patch)


def plant(mutant: Mutant, tree: Path) -> None:
    """Copy the project to `tree`, with the bug in it."""
    copy_project(tree)
    apply_patch(mutant, tree)


def copy_project(tree: Path) -> None:
    """Copy what the checks need to `tree`."""
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=NOT_COPIED)
        else:
            shutil.copy(source, tree)


def apply_patch(mutant: Mutant, tree: Path, *options: str) -> None:
    """Put the bug into a copy (`--check`: only see that it could be); ValueError if it does not fit."""
    run = subprocess.run(
        ["git", "apply", "-C1", "--whitespace=nowarn", *options, str(mutant.patch)],
        cwd=tree,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise ValueError(f"{mutant.name}.patch no longer fits, write it anew: {run.stderr.strip()}")


def catch(mutant: Mutant, tree: Path) -> str | None:
    """Run its check in a tree; return what it said first if it failed."""
    run = subprocess.run(
        [sys.executable, *CHECKS[mutant.check], *mutant.tests],
        cwd=tree,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return first_complaint(run.stdout + run.stderr) if run.returncode else None


def first_complaint(said: str) -> str:
    """Find the line that names what failed; a log that a test has caught may hold errors, too."""
    lines = [line.strip() for line in said.splitlines()]
    telling = (line for line in lines if line.startswith(("violation:", "FAILED ", "ERROR tests/")))
    return next(telling, lines[-1] if lines else "it ended without a word")
