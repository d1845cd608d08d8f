"""An archive replayed partition by partition, over processes; each finished partition is kept until all are.

A partition's results are files in a work folder: its tally, written last, and its changes and states if they
are wanted. So an interrupted replay goes on with the partitions that have no tally yet.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from processors import lifecycle
from processors.archive.folder import open_archive
from processors.archive.manifest import write_whole
from processors.replay.by_contact import ByContact
from processors.replay.replay import OUTPUTS
from processors.replay.summary import Summary, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from processors.lifecycle.plan import Plan
    from processors.replay.course import Course
    from schemas.archived import Archived

    Change = dict[str, Any]
    Seen = Callable[[int], None]  # how many records were read of a partition so far

RECORDS_BETWEEN = 5_000  # two notices of progress: a fraction of a second


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


def finished(job: Job, partition: int) -> Tally | None:
    """Read the tally of a partition that is done."""
    try:
        return Tally.from_json(json.loads(_path(job, partition, "tally").read_text("utf-8")))
    except FileNotFoundError:
        return None


def part_files(job: Job, kind: str, partitions: Iterable[int]) -> list[Path]:
    """List the files of changes or states, in order of partitions."""
    return [_path(job, partition, kind) for partition in partitions]


def replay_part(job: Job, partition: int, seen: Seen) -> Tally:
    """Replay one partition and keep what it came to."""
    archive, summary = open_archive(job.archive), Summary()
    fold = ByContact(job.plan, archive, anew=job.anew)
    with ExitStack() as stack:
        changes, states = _out(stack, job, partition, "changes"), _out(stack, job, partition, "states")
        take = _taking(summary, changes)
        records = groupby(_counted(archive.records(partition), seen), key=attrgetter("key"))
        for key, own in records:
            if not key:
                fold.count(own)
                continue
            course = fold.fold(key, own, take)
            if job.as_of is not None:
                course.finish(job.as_of)
            summary.settle()
            _note(summary.tally, course)
            if states is not None and course.contact.id:
                states.write(state_line(course.plan, course.state()))
    tally = summary.tally
    tally.events, tally.refused, tally.last_time = fold.events, fold.refused, fold.last_time
    write_whole(_path(job, partition, "tally"), tally.to_json())
    return tally


def state_line(plan: Plan, state: bytes) -> bytes:
    """Write a state as one line of JSON."""
    return json.dumps(lifecycle.describe(plan, state), ensure_ascii=False, default=str).encode() + b"\n"


def _note(tally: Tally, course: Course) -> None:
    contact = course.contact
    tally.contacts += bool(contact.id) and contact.forward_to is None and not contact.erased
    tally.not_applied += course.refused


def _taking(summary: Summary, out: BinaryIO | None) -> Callable[[Change], None]:
    def take(change: Change) -> None:
        if change["record"] in OUTPUTS:
            line = summary.add(change)
            if out is not None:
                out.write(line)

    return take


def _counted(records: Iterable[Archived], seen: Seen) -> Iterator[Archived]:
    number = 0
    for number, record in enumerate(records, start=1):
        if number % RECORDS_BETWEEN == 0:
            seen(number)
        yield record
    seen(number)


def _out(stack: ExitStack, job: Job, partition: int, kind: str) -> BinaryIO | None:
    wanted = job.changes if kind == "changes" else job.states
    return stack.enter_context(_path(job, partition, kind).open("wb")) if wanted else None


def _path(job: Job, partition: int, kind: str) -> Path:
    return job.work / f"{partition}.{kind}"
