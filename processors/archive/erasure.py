"""An erased contact does not stay readable: its records leave the archive as soon as its erasure is archived.

Of the contact only the erasure itself is kept: it names the id, and replay refuses what comes under it later.
Contacts that had become part of it (a visitor who was recognised, a merged double) leave too, as far as they
were part of it. A replay then says nothing about an erased contact; all others are as before.

Records that come under such an id after the erasure leave with `stageline archive --compact`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from processors.archive.compaction import merge_segments, replace_manifest
from processors.archive.segments import Index, erases, read_segment
from schemas.codec import decode_trusted
from schemas.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.archive.folder import Archive
    from schemas.archived import Archived

    Gone = dict[bytes, set[int]]  # contact → offsets of the records that have to leave

MOVES = ("contact_identified", "contacts_merged")


def erase(archive: Archive, *, again: bool = False) -> int:
    """Take erased contacts out of every segment; gives how many records left.

    Only erasures that are new, unless `again`. Interrupted, it starts over: nothing is marked as done before
    all of it is.
    """
    since = {one.partition: 0 if again else one.erased_to for one in archive.manifests.values()}
    erased = {key for partition, start in since.items() for key in _erased(archive, partition, start)}
    if erased:
        gone = _gone(archive, erased)
        left = sum(_take_out(archive, partition, gone) for partition in since)
    else:
        left = 0
    for manifest in tuple(archive.manifests.values()):
        if manifest.erased_to < manifest.next_offset and (erased or manifest.segments[-1].erasures):
            replace_manifest(archive, replace(manifest, erased_to=manifest.next_offset))
    return left


def _erased(archive: Archive, partition: int, since: int) -> Iterator[bytes]:
    manifest = archive.manifests[partition]
    for segment in manifest.segments:
        if segment.erasures and segment.end > since:
            for record in read_segment(archive.folder(partition) / segment.file):
                if record.offset >= since and erases(record):
                    yield record.key


def _gone(archive: Archive, erased: set[bytes]) -> Gone:
    gone: Gone = {}
    waiting = sorted(erased)
    while waiting:
        key = waiting.pop()
        if key in gone:
            continue
        events = list(_events(archive, key))
        if key in erased:
            gone[key] = {event["position"] for event in events if event["type"] != "contact_erased"}
        else:
            gone[key] = _while_part(events, erased | gone.keys())
        waiting += [event["other"].encode() for event in events if event["type"] == "history_transferred"]
    return gone


def _while_part(events: list[dict[str, Any]], owners: set[bytes]) -> set[int]:
    """Give the offsets of what belongs to one of `owners`: it moves with the next event that says to whom."""
    gone: set[int] = set()
    waiting: list[int] = []
    owner: bytes | None = None
    for event in events:
        if event["type"] in MOVES and event["into"].encode() != event["contact_id"].encode():
            owner = event["into"].encode()
        elif event["type"] == "merge_undone":
            owner = None
        waiting.append(event["position"])
        if owner is not None:
            gone.update(waiting if owner in owners else ())
            waiting.clear()
    return gone


def _events(archive: Archive, key: bytes) -> Iterator[dict[str, Any]]:
    for record in archive.records_of(key):
        try:
            event = decode_trusted(record.value)
        except SchemaError:
            event = {
                "type": "unreadable"
            }  # the lifecycle set it aside; it leaves with its contact all the same
        yield event | {"position": record.offset}


def _take_out(archive: Archive, partition: int, gone: Gone) -> int:
    here = {key: offsets for key, offsets in gone.items() if archive.home_of(key) == partition and offsets}
    before = archive.manifests[partition].records
    for number, path in enumerate(archive.paths(partition)):
        index = Index(path)
        if any(one.offset in here[key] for key in here for one in index.records_of(key)):
            merge_segments(archive, partition, slice(number, number + 1), lambda one: _stays(one, here))
    return before - archive.manifests[partition].records


def _stays(record: Archived, gone: Gone) -> bool:
    return record.offset not in gone.get(record.key, ())
