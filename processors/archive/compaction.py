"""Many small segments become few large ones, without more than a block of each in memory.

Eight neighbours are merged when none of them outweighs the others together. So a record is only written
again into a segment at least twice as large: log2(N / 10,000) times at most, and a partition of N records has
no more than about that many segments, and eight.
"""

from __future__ import annotations

from dataclasses import replace
from heapq import merge
from typing import TYPE_CHECKING

from processors.archive.locks import without_readers
from processors.archive.manifest import save_manifest
from processors.archive.segments import check_segment, read_segment, write_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from processors.archive.folder import Archive
    from processors.archive.manifest import Manifest, Segment
    from schemas.archived import Archived

FAN_IN = 8  # open files and blocks in memory (2 MB) of one merge, against how often a record is rewritten
SMALLEST = 10_000  # records: smaller segments weigh as much, so that quiet partitions do not collect files


def compact(archive: Archive, partition: int) -> None:
    """Merge neighbours as long as eight of them are due."""
    while (span := _due(archive.manifests[partition].segments)) is not None:
        merge_segments(archive, partition, span)


def merge_segments(
    archive: Archive, partition: int, span: slice, keep: Callable[[Archived], bool] | None = None
) -> None:
    """Replace neighbouring segments by one, without the records that are not to be kept.

    Raises SchemaError where one is damaged: under a new checksum nobody would ever find that out.
    """
    folder, manifest = archive.folder(partition), archive.manifests[partition]
    parts = manifest.segments[span]
    for one in parts:
        check_segment(folder, one)
    records: Iterator[Archived] = merge(*(read_segment(folder / one.file) for one in parts))
    merged = write_segment(folder, parts[0].start, parts[-1].end, filter(keep, records) if keep else records)
    segments = list(manifest.segments)
    segments[span] = [merged]
    replace_manifest(archive, replace(manifest, segments=tuple(segments)))


def replace_manifest(archive: Archive, manifest: Manifest) -> None:
    """Let a new manifest be the truth, and remove what it no longer names."""
    save_manifest(archive.folder(manifest.partition), manifest)
    archive.manifests[manifest.partition] = manifest
    clean(archive, manifest.partition)


def clean(archive: Archive, partition: int) -> bool:
    """Remove what the manifest does not name, unless somebody may be reading it; tell whether it is gone."""
    leftovers = archive.leftovers(partition)
    with without_readers(archive.root) as alone:
        for path in leftovers if alone else ():
            path.unlink()
    return alone or not leftovers


def _due(segments: tuple[Segment, ...]) -> slice | None:
    """Find the newest eight neighbours of which none outweighs the others."""
    sizes = [max(one.records, SMALLEST) for one in segments]
    for end in range(len(sizes), FAN_IN - 1, -1):
        run = sizes[end - FAN_IN : end]
        if 2 * max(run) <= sum(run):
            return slice(end - FAN_IN, end)
    return None
