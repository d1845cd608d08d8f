"""Segment files: written aside, synced, then named. A contact's records are found by bisecting the blocks."""

from __future__ import annotations

import os
from bisect import bisect_left
from contextlib import contextmanager
from functools import cached_property
from hashlib import file_digest
from typing import TYPE_CHECKING

from processors.archive.manifest import Segment, sync_folder
from schemas.archived import Archived, first_key, packed_blocks, read_archived, records_of, write_archived
from schemas.codec import HEADER_BYTES, SINGLE_OBJECT
from schemas.container import SYNC_BYTES
from schemas.errors import SchemaError
from schemas.events import RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FRESH = "segment.new"
SUFFIX = ".avro"
REMEDY = "restore the file, or remove the archive and make it anew"
ERASING = frozenset(SINGLE_OBJECT + one.fingerprint for one in RECORDS if one.name == "contact_erased")


def write_segment(
    folder: Path, start: int, end: int, records: Iterable[Archived], aside: str = FRESH
) -> Segment:
    """Write sorted records as the segment of these offsets; it is on the disk when this returns.

    `aside`: the file's name until it is complete.
    """
    erasures = 0

    def counted() -> Iterator[Archived]:
        nonlocal erasures
        for record in records:
            erasures += erases(record)
            yield record

    fresh = folder / aside
    with fresh.open("w+b") as file:
        count = write_archived(file, counted())
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
        file.seek(0)
        digest = file_digest(file, "sha256").hexdigest()
    name = f"{start:020d}-{end:020d}-{digest[:8]}{SUFFIX}"
    fresh.replace(folder / name)
    sync_folder(folder)
    return Segment(
        file=name, start=start, end=end, records=count, erasures=erasures, bytes=size, sha256=digest
    )


def read_segment(path: Path) -> Iterator[Archived]:
    """Read a segment in its order. Raises SchemaError, with the file, where it is damaged."""
    with _named(path), path.open("rb") as file:
        yield from read_archived(file)


def check_segment(folder: Path, segment: Segment) -> None:
    """Raise SchemaError, with the file and the remedy, unless its bytes are those that were written.

    A bit that flips inside a packed block changes an event more often than not without making it unreadable.
    """
    path = folder / segment.file
    try:
        with path.open("rb") as file:
            intact = file_digest(file, "sha256").hexdigest() == segment.sha256
    except FileNotFoundError:
        raise SchemaError(f"{path}: is not there, but the manifest names it: {REMEDY}.") from None
    if not intact:
        raise SchemaError(f"{path}: its SHA-256 is not that of the manifest: {REMEDY}.")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from None


def erases(record: Archived) -> bool:
    """Tell whether a record erases its contact."""
    return record.value[:HEADER_BYTES] in ERASING


class Index:
    """Finds the records of single contacts in a segment; keeps where the blocks are, and keys it has met."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._firsts: dict[int, bytes] = {}

    def records_of(self, key: bytes) -> Iterator[Archived]:
        """Read the records of one contact in order of their offsets. Raises SchemaError as `read_segment`."""
        with _named(self._path):
            if not self._blocks or self._first(0) > key:  # as of no contact, most often
                return
            blocks = range(len(self._blocks))
            number = max(0, bisect_left(blocks, key, key=self._first) - 1)  # it may begin in the block before
            for block in blocks[number:]:
                records, goes_beyond = records_of(self._packed(block), self._blocks[block][2], key)
                yield from records
                if goes_beyond:
                    return

    @cached_property
    def _blocks(self) -> list[tuple[int, int, int]]:
        """Place and size of each block's packed bytes, and how many records it has."""
        found = []
        with self._path.open("rb") as file:
            for count, packed in packed_blocks(file):
                found.append((file.tell() - SYNC_BYTES - len(packed), len(packed), count))
        return found

    def _first(self, number: int) -> bytes:
        if number not in self._firsts:
            self._firsts[number] = first_key(self._packed(number))
        return self._firsts[number]

    def _packed(self, number: int) -> bytes:
        place, size, _ = self._blocks[number]
        with self._path.open("rb") as file:
            file.seek(place)
            return file.read(size)
