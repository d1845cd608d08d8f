"""An archive replayed partition by partition, over processes; each finished partition is kept until all are.

A partition's results are files in a work folder: its tally, written last, and its changes and states if they
are wanted. So an interrupted replay goes on with the partitions that have no tally yet.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from processors.archive.folder import open_archive
from processors.archive.manifest import write_whole
from processors.replay.by_contact import ByContact
from processors.replay.compiled import replay_compiled
from processors.replay.job import Job, part_file
from processors.replay.kept import Kept
from processors.replay.summary import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from schemas.archived import Archived

    Change = dict[str, Any]
    Seen = Callable[[int], None]  # how many records were read of a partition so far

RECORDS_BETWEEN = 5_000  # two notices of progress: a fraction of a second


def finished(job: Job, partition: int) -> Tally | None:
    """Read the tally of a partition that is done; None, too, for one that another version wrote."""
    try:
        return Tally.from_json(json.loads(part_file(job, partition, "tally").read_text("utf-8")))
    except (FileNotFoundError, KeyError, TypeError):
        return None


def part_files(job: Job, kind: str, partitions: Iterable[int]) -> list[Path]:
    """List the files of changes or states, in order of partitions."""
    return [part_file(job, partition, kind) for partition in partitions]


def changes_of(job: Job, partitions: Iterable[int]) -> Iterator[Change]:
    """Read the changes that a replay has written: those of one contact are in their order."""
    for path in part_files(job, "changes", partitions):
        with path.open("rb") as file:
            yield from map(json.loads, file)


def replay_part(job: Job, partition: int, seen: Seen) -> Tally:
    """Replay one partition and keep what it came to. Raises SchemaError where a file of it is damaged."""
    archive = open_archive(job.archive)
    archive.check(partition)
    fold = ByContact(job.plan, archive, anew=job.anew)
    tally = replay_compiled(job, fold, partition, seen) or _by_reference(job, fold, partition, seen)
    write_whole(part_file(job, partition, "tally"), tally.to_json())
    return tally


def _by_reference(job: Job, fold: ByContact, partition: int, seen: Seen) -> Tally:
    with ExitStack() as stack:
        kept = Kept(
            changes=_out(stack, job, partition, "changes"),
            states=_out(stack, job, partition, "states"),
            packed=_out(stack, job, partition, "packed"),
        )
        records = groupby(_counted(fold.archive.records(partition), seen), key=attrgetter("key"))
        for key, own in records:
            if key:
                kept.finish(key, fold.fold(key, own, kept.take), job.as_of)
            else:
                fold.count(own)
    tally = kept.summary.tally
    fold.note(tally)
    return tally


def _counted(records: Iterable[Archived], seen: Seen) -> Iterator[Archived]:
    number = 0
    for number, record in enumerate(records, start=1):
        if number % RECORDS_BETWEEN == 0:
            seen(number)
        yield record
    seen(number)


def _out(stack: ExitStack, job: Job, partition: int, kind: str) -> BinaryIO | None:
    """Open a file of a partition, if the job asks for one of this kind."""
    wanted = {"changes": job.changes, "states": job.states, "packed": job.packed}[kind]
    return stack.enter_context(part_file(job, partition, kind).open("wb")) if wanted else None
