"""What an archive says about itself: one file for the whole, one per partition, written after what they name.

A manifest is replaced in one step. So whatever happens in between, it describes files that are complete;
those it does not name are leftovers.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import LifecycleError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
ABOUT = "archive.json"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A file with every committed record of the offsets `start` to before `end`.

    `records` are fewer than that: transaction markers take offsets too, and erased contacts leave.
    `erasures`: how many of the records erase a contact.
    """

    file: str
    start: int
    end: int
    records: int
    erasures: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The segments of one partition in order of their offsets, without a gap between them.

    `erased_to`: erasures before this offset have been carried out in all segments of the archive.
    """

    topic: str
    partition: int
    segments: tuple[Segment, ...] = ()
    erased_to: int = 0

    @property
    def next_offset(self) -> int:
        """Where to read on in the topic."""
        return self.segments[-1].end if self.segments else 0

    @property
    def records(self) -> int:
        """How many records there are."""
        return sum(one.records for one in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which topic it is an archive of, and how many partitions that has: they say where a contact is."""

    topic: str
    partitions: int


def load_about(folder: Path) -> About | None:
    """Read what an archive is of; None where there is no archive. Raises LifecycleError if it is damaged."""
    found = _read(folder / ABOUT)
    if found is None:
        return None
    try:
        return About(**found)
    except TypeError as error:
        raise _damaged(folder / ABOUT, error) from None


def save_about(folder: Path, about: About) -> None:
    """Write what an archive is of."""
    write_whole(folder / ABOUT, {"format": FORMAT, **asdict(about)})


def begin_manifest(folder: Path, about: About, partition: int) -> None:
    """Write the manifest of a partition without segments, unless there is one: who has none has lost it."""
    if not (folder / MANIFEST).exists():
        save_manifest(folder, Manifest(topic=about.topic, partition=partition))


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest of a partition's folder. Raises LifecycleError if it is damaged or not there."""
    found = _read(folder / MANIFEST)
    if found is None:
        raise LifecycleError(
            f"{folder / MANIFEST} is not there: restore {folder}, or let `stageline archive {folder.parent}`"
            " read that partition from Kafka again."
        )
    try:
        return _manifest(found)
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(folder / MANIFEST, error) from None


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a partition's folder."""
    write_whole(folder / MANIFEST, {"format": FORMAT, **asdict(manifest)})


def write_whole(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file: whole or not at all, and on the disk when this returns."""
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _manifest(found: dict[str, Any]) -> Manifest:
    segments = tuple(Segment(**one) for one in found.pop("segments"))
    _contiguous(segments)
    return Manifest(**found, segments=segments)


def _contiguous(segments: tuple[Segment, ...]) -> None:
    end = 0
    for one in segments:
        if one.start != end or Path(one.file).name != one.file:
            raise ValueError(f"segment {one.file} does not start at offset {end}")
        end = one.end


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        version = found.pop("format")
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, error) from None
    if version != FORMAT:
        raise LifecycleError(f"{path}: format {version}, this release reads {FORMAT}.")
    return found


def _damaged(path: Path, error: Exception) -> LifecycleError:
    return LifecycleError(f"{path} is damaged ({error}): restore it, or remove the archive and make it anew.")
