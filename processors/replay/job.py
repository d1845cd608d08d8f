"""What the replay of an archive is asked for, and where its partitions' results are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processors import lifecycle

if TYPE_CHECKING:
    from pathlib import Path

    from processors.lifecycle.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every partition needs to know. `as_of`: advance all clocks to then (ms, UTC), or not at all.

    `anew`: the plan decides about all of the log; else it is the one at the start.
    """

    plan: Plan
    archive: Path
    work: Path
    as_of: int | None
    anew: bool
    changes: bool
    states: bool


def part_file(job: Job, partition: int, kind: str) -> Path:
    """Name a file of a partition: its `tally`, `changes`, `states`."""
    return job.work / f"{partition}.{kind}"


def state_line(plan: Plan, state: bytes) -> bytes:
    """Write a state as one line of JSON."""
    return json.dumps(lifecycle.describe(plan, state), ensure_ascii=False, default=str).encode() + b"\n"
