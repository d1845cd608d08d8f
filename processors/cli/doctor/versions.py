"""What is installed here: the packages, the schemas, the lifecycle that the settings name."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from processors.cli.doctor.finding import ok, wrong
from processors.lifecycle_files import load_lifecycle
from schemas.errors import LifecycleError
from schemas.events import RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.cli.doctor.finding import Finding

TOLD = ("aiokafka", "kafka-python", "faust-streaming", "fastavro", "redis")


def check_packages() -> Iterator[Finding]:
    """Compare what is installed with what this release is made for."""
    needed = [Requirement(line) for line in requires("stageline") or ()]
    found = [
        wrong(
            "packages",
            f"{one.name} is {have}, not {one.specifier}.",
            "Install Stageline anew, in a fresh venv.",
        )
        for one in needed
        if (one.marker is None or one.marker.evaluate({"extra": ""}))
        and not one.specifier.contains((have := _installed(one.name)) or "0")
    ]
    told = ", ".join(f"{name} {_installed(name)}" for name in TOLD)
    yield from found or [ok("packages", f"Stageline {version('stageline')}, {told}.")]


def check_schemas() -> Iterator[Finding]:
    """Tell how many records there are; `stageline schema check` looks into them."""
    yield ok("schemas", f"{len(RECORDS)} versions of {len({record.name for record in RECORDS})} records.")


def check_lifecycle(path_or_preset: str) -> Iterator[Finding]:
    """Load the lifecycle."""
    try:
        plan = load_lifecycle(path_or_preset)
    except LifecycleError as error:
        yield wrong("lifecycle", str(error), "Mend the file, or set STAGELINE_LIFECYCLE to another.")
    else:
        yield ok("lifecycle", f"{plan.id}@{plan.version}, plan {plan.plan_hash[:12]}.")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
