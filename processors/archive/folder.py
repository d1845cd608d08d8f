"""An archive as a folder: `archive.json`, and for each partition a folder of segments and their manifest."""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING

from kafka.partitioner.default import murmur2

from processors.archive.manifest import MANIFEST, begin_manifest, load_about, load_manifest, save_about
from processors.archive.segments import SUFFIX, Index, check_segment, read_segment
from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from processors.archive.manifest import About, Manifest
    from schemas.archived import Archived


class Archive:
    """Reads an archive. Made by `open_archive` or `make_archive`.

    What it has read of the manifests is kept: it shows one moment of an archive that may be growing.
    """

    def __init__(self, root: Path, about: About) -> None:
        self.root, self.about = root, about
        self.manifests: dict[int, Manifest] = {}
        self._indices: dict[Path, Index] = {}
        for partition in range(about.partitions):
            self.reload(partition)

    def folder(self, partition: int) -> Path:
        """Where the files of a partition are."""
        return partition_folder(self.root, partition)

    def reload(self, partition: int) -> None:
        """Read a partition's manifest again."""
        self.manifests[partition] = load_manifest(self.folder(partition))

    def paths(self, partition: int) -> list[Path]:
        """List the segments of a partition in order of their offsets."""
        return [self.folder(partition) / one.file for one in self.manifests[partition].segments]

    def check(self, partition: int) -> None:
        """Raise SchemaError, with the file and the remedy, where a segment of a partition is damaged."""
        for segment in self.manifests[partition].segments:
            check_segment(self.folder(partition), segment)

    def records(self, partition: int) -> Iterator[Archived]:
        """Read a whole partition in order of contact and offset, holding one block of each segment."""
        return merge(*(read_segment(path) for path in self.paths(partition)))

    def records_of(self, key: bytes) -> Iterator[Archived]:
        """Read the records of one contact in order of their offsets."""
        for path in self.paths(self.home_of(key)):
            yield from self._index(path).records_of(key)

    def keyless(self, partition: int) -> Iterator[Archived]:
        """Read the records of no contact in a partition in order of their offsets."""
        for path in self.paths(partition):
            yield from self._index(path).records_of(b"")

    def home_of(self, key: bytes) -> int:
        """Which partition a contact is in."""
        return int(murmur2(key) & 0x7FFFFFFF) % self.about.partitions

    def _index(self, path: Path) -> Index:
        return self._indices.setdefault(path, Index(path))

    def leftovers(self, partition: int) -> list[Path]:
        """List files that no manifest names: of a writer that was killed, or replaced by compaction."""
        named = {one.file for one in self.manifests[partition].segments} | {MANIFEST}
        found = self.folder(partition).iterdir()
        return [path for path in found if path.name not in named and path.suffix in {SUFFIX, ".new"}]


def open_archive(root: Path) -> Archive:
    """Open an archive. Raises LifecycleError where there is none."""
    about = load_about(root)
    if about is None:
        raise LifecycleError(f"{root}: no archive; `stageline archive {root}` makes one.")
    return Archive(root, about)


def make_archive(root: Path, about: About) -> Archive:
    """Open an archive to write to, making it if there is none, and partitions that are not there.

    Raises LifecycleError if it is of another topic.
    """
    found = load_about(root)
    if found is not None and found != about:
        raise LifecycleError(
            f"{root} is an archive of {found.topic} with {found.partitions} partitions, "
            f"but there is {about.topic} with {about.partitions}: make another archive."
        )
    root.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data
    for partition in range(about.partitions):
        folder = partition_folder(root, partition)
        folder.mkdir(exist_ok=True)
        begin_manifest(folder, about, partition)
    if found is None:
        save_about(root, about)
    return Archive(root, about)


def partition_folder(root: Path, partition: int) -> Path:
    """Where the files of a partition are."""
    return root / f"partition-{partition:05d}"
