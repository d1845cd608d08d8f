"""`stageline archive`: contact-events in files, for replay."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from processors.archive.compaction import merge_segments
from processors.archive.erasure import erase
from processors.archive.folder import open_archive
from processors.archive.locks import reading, writing
from processors.archive.verify import faults
from processors.archive.writer import Pace
from processors.cli.archive_work import archive_progress
from processors.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processors.archive.folder import Archive

MEGABYTE = 1 << 20


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--once", is_flag=True, help="End when all that the topic has now is archived.")
@click.option("--every", default=60, show_default=True, type=click.IntRange(1), help="Write after so many s.")
@click.option(
    "--memory",
    default=128,
    show_default=True,
    type=click.IntRange(1),
    help="MB for what waits to be written.",
)
@click.option("--verify", is_flag=True, help="Check every file against its manifest, and end.")
@click.option("--compact", is_flag=True, help="Make one segment of each partition, and end.")
def archive(folder: Path | None, *, once: bool, every: int, memory: int, verify: bool, compact: bool) -> None:
    """Write contact-events into FOLDER (`archive` in the home folder), and go on as more comes.

    Files are sorted by contact and offset, so that `stageline replay --events FOLDER` sees one contact at a
    time. It can be killed at any moment and goes on where it was. Erased contacts are taken out. One writer
    at a time; readers may be at work meanwhile. SIGTERM or Ctrl-C writes what is waiting and ends.
    """
    if verify + compact + once > 1:
        raise click.UsageError("--verify, --compact and --once go alone: each says when the command ends.")
    settings = load_settings()
    root = settings.home / "archive" if folder is None else folder
    if verify:
        sys.exit(_verify(root))
    root.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data
    with writing(root):
        if compact:
            _compact(root)
        else:
            asyncio.run(_follow(settings.bootstrap_servers, root, Pace(memory * MEGABYTE, every), once=once))


async def _follow(bootstrap: str, root: Path, pace: Pace, *, once: bool) -> None:
    from processors.archive.follow import follow  # noqa: PLC0415 - aiokafka takes a while to import

    stop, loop, begun = asyncio.Event(), asyncio.get_running_loop(), time.monotonic()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with archive_progress() as show:
        written = await follow(bootstrap, root, pace, stop=stop, once=once, progress=show)
    click.echo(f"{written:,} records archived in {time.monotonic() - begun:.1f} s.", err=True)


def _compact(root: Path) -> None:
    found = open_archive(root)
    for partition, manifest in tuple(found.manifests.items()):
        if len(manifest.segments) > 1:
            merge_segments(found, partition, slice(0, len(manifest.segments)))
    left = erase(found, again=True)
    records = sum(one.records for one in found.manifests.values())
    click.echo(f"{records:,} records, one segment a partition; {left:,} of erased contacts taken out.")


def _verify(root: Path) -> int:
    found = open_archive(root)
    with reading(root):
        found, wrong = open_archive(root), 0  # as it is now that nothing is taken away
        for fault in _each(found):
            wrong += 1
            click.echo(fault, err=True)
        records = sum(one.records for one in found.manifests.values())
    segments = sum(len(one.segments) for one in found.manifests.values())
    click.echo(
        f"{records:,} records in {segments} segments: {f'{wrong} faults' if wrong else 'all as written'}."
    )
    return int(wrong > 0)


def _each(archive: Archive) -> Iterator[str]:
    total, done = sum(one.records for one in archive.manifests.values()), 0
    with archive_progress() as show:
        for partition, manifest in archive.manifests.items():
            yield from faults(archive, partition)
            done += manifest.records
            show(done, done, total)
