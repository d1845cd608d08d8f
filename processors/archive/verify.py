"""Whether an archive holds what its manifests say: every byte, every record in its place, none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processors.archive.segments import check_segment, erases, read_segment
from schemas.archived import Archived
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.archive.folder import Archive
    from processors.archive.manifest import Segment

BEFORE_ALL = Archived(b"", -1, b"")


def faults(archive: Archive, partition: int) -> Iterator[str]:
    """Say everything that is wrong with a partition, each in one sentence that names the file.

    That the offsets of its segments leave no gap was checked when its manifest was read.
    """
    for segment in archive.manifests[partition].segments:
        folder = archive.folder(partition)
        try:
            check_segment(folder, segment)
            yield from (
                f"{folder / segment.file}: {fault}" for fault in _contents(archive, partition, segment)
            )
        except SchemaError as error:
            yield str(error)


def _contents(archive: Archive, partition: int, segment: Segment) -> Iterator[str]:
    last, records, erasures = BEFORE_ALL, 0, 0
    for record in read_segment(archive.folder(partition) / segment.file):
        records += 1
        erasures += erases(record)
        if record[:2] <= last[:2]:
            yield f"offset {record.offset} is not behind {last.offset}."
        if not segment.start <= record.offset < segment.end:
            yield f"offset {record.offset} is not one of the segment's."
        if record.key and archive.home_of(record.key) != partition:
            yield f"offset {record.offset} is of a contact that belongs to another partition."
        last = record
    if (records, erasures) != (segment.records, segment.erasures):
        yield f"{records:,} records ({erasures} erasures), {segment.records:,} ({segment.erasures}) expected."
