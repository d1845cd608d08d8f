"""`stageline diff --page`: the comparison as one HTML file, and beside it all differences as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.cli.spreadsheet import write_csv
from processors.cli.written_files import check_written
from processors.replay.compared import Difference
from processors.replay.explained import explained
from processors.replay.summary import NOWHERE
from projections.web.comparison import comparison_page
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from pathlib import Path

    from processors.lifecycle.plan import Plan
    from processors.replay.compared import Compared

SPREADSHEET = ".csv"
EXPLAINED = 1_000  # contacts: some 4 MB of page, which a browser opens at once


def check_page(page: Path, read: dict[str, str | None]) -> None:
    """Say before the work, and not after it, that the page cannot be written; `read`: files by option."""
    check_written(read, {"--page": page, "the CSV file beside --page": page.with_suffix(SPREADSHEET)})


def write_page(page: Path, comparison: Compared) -> None:
    """Write both files. Raises LifecycleError where they cannot be written."""
    differences = comparison.differences()
    beside = page.with_suffix(SPREADSHEET)
    before, after = comparison.plans
    told = {
        **comparison.totals(),
        **_names(before, after),
        "as_of": comparison.as_of,
        "differences": len(differences),
        "ranks": _ranks(before) | _ranks(after),
        "explained": explained(comparison, differences, EXPLAINED),
        "csv": beside.name,
    }
    try:
        page.write_text(comparison_page(told), "utf-8")
        with beside.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
            write_csv(out, Difference, differences)
    except OSError as error:
        raise LifecycleError(f"{error.filename or page}: cannot be written ({error.strerror}).") from error


def _names(before: Plan, after: Plan) -> dict[str, str]:
    """Name both sides; by their hashes, too, where the version was not raised yet."""
    names = [f"{plan.id}@{plan.version}" for plan in (before, after)]
    if names[0] == names[1]:
        names = [f"{name} ({plan.plan_hash[:7]})" for name, plan in zip(names, (before, after), strict=True)]
    return {"from": names[0], "to": names[1]}


def _ranks(plan: Plan) -> dict[str, int]:
    """Order the stages as they are shown: no stage first, each track from its lowest to its detours."""
    stages = (plan.stages[stage] for track in plan.tracks for stage in track.stages)
    return {NOWHERE: -2, **{stage.id: stage.rank for stage in stages}}
